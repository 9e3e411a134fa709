"""What tests/conftest.py promises to every test."""

from __future__ import annotations

import os

import hypothesis
import matplotlib
import torch


def test_no_window_opens_and_the_kernels_of_notebooks_choose_for_themselves() -> None:
    assert matplotlib.get_backend() == "agg"
    assert "MPLBACKEND" not in os.environ


def test_torch_takes_one_thread() -> None:
    assert torch.get_num_threads() == 1


def test_hypothesis_takes_the_same_examples_each_time_and_no_deadline() -> None:
    settings = hypothesis.settings()
    assert settings.derandomize
    assert settings.deadline is None
