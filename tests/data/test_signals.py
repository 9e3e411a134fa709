"""The signals: byte order, channels against time, and what is known about their physics."""

from __future__ import annotations

import math
import struct

import pytest
import torch

from convlab import data


def test_eeg_is_what_the_file_says_number_by_number() -> None:
    numbers = struct.unpack("<3200d", data.source("eeg").path().read_bytes())  # moment by moment, 4 electrodes each
    expected = torch.tensor([numbers[electrode::4] for electrode in range(4)])
    assert torch.equal(data.eeg(), expected)


def test_eeg_channels_are_standardised_and_smooth() -> None:
    eeg = data.eeg()
    assert eeg.mean(dim=1).abs().max() < 0.001
    torch.testing.assert_close(eeg.std(dim=1, correction=0), torch.ones(4), atol=0.003, rtol=0)
    assert eeg.diff(dim=1).abs().mean() < 0.4  # time is the last axis: neighbours are alike ...
    assert eeg.diff(dim=0).abs().mean() > 0.8  # ... while electrodes differ
    assert len(torch.corrcoef(eeg).round(decimals=3).unique()) == 7  # six pairs of different electrodes, and the ones


def test_membrane_potential_is_what_the_file_says_number_by_number() -> None:
    numbers = struct.unpack("<12000f", data.source("membrane_potential").path().read_bytes())
    assert torch.equal(data.membrane_potential(), torch.tensor([numbers]) * 100)


def test_membrane_potential_rests_and_fires_as_nerve_cells_do() -> None:
    (voltage,) = data.membrane_potential()
    assert float(voltage[:1000].mean()) == pytest.approx(-66.9, abs=0.1)  # half a second of rest, in mV
    assert voltage[:1000].std() < 0.5
    rising = ((voltage[1:] > -20) & (voltage[:-1] <= -20)).sum()
    assert rising == 57  # spikes, in 6 s at 2000 Hz
    above = (voltage > -20).sum() / 2000 / rising
    assert 0.001 < float(above) < 0.01  # seconds: a spike is short
    assert math.isclose(float(voltage.mean()), -42.3814, abs_tol=1e-3)


def test_what_is_stated_about_time() -> None:
    assert data.source("eeg").sampling_rate.startswith("not stated")
    assert data.source("membrane_potential").sampling_rate.startswith("2000 Hz")
    assert data.source("membrane_potential").units.startswith("mV")
