"""The environment of every test, doctests included: no window, one thread, the same examples at each run."""

from __future__ import annotations

import os

import hypothesis
import matplotlib
import torch

# Not by the variable MPLBACKEND: the kernels of the notebooks inherit it, and would then store no pictures.
os.environ.pop("MPLBACKEND", None)
matplotlib.use("agg")

torch.set_num_threads(1)

hypothesis.settings.register_profile("convlab", derandomize=True, deadline=None)
hypothesis.settings.load_profile("convlab")
