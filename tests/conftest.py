"""The environment of every test, doctests included: no window, one thread, the same examples, a home of its own."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator

import hypothesis
import matplotlib
import pytest
import torch

# Not by the variable MPLBACKEND: the kernels of the notebooks inherit it, and would then store no pictures.
os.environ.pop("MPLBACKEND", None)
matplotlib.use("agg")

# Here and not in a fixture: so it holds for the kernels of the notebooks and for every process that a test starts.
os.environ["CONVLAB_HOME"] = tempfile.mkdtemp(prefix="convlab-home-")
atexit.register(shutil.rmtree, os.environ["CONVLAB_HOME"], ignore_errors=True)

# One thread each: two workers, with two threads each on two cores, are many times slower.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"  # for the kernels of the notebooks, too

hypothesis.settings.register_profile("convlab", derandomize=True, deadline=None)
hypothesis.settings.load_profile("convlab")


@pytest.fixture
def meta_device() -> Iterator[None]:
    """Torch's default device is one without memory."""
    torch.set_default_device("meta")
    yield
    torch.set_default_device(None)


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    """Each test draws the same random numbers in every run."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """No test, and no example in a docstring, leaves a figure open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
