"""Signals in time as tensors in torch's layout."""

from __future__ import annotations

import torch

from convlab.data.sources import source


def eeg() -> torch.Tensor:
    """An electroencephalogram (EEG): the voltage at four electrodes, recorded at the same time.

    matplotlib's example calls the electrodes PG3, PG5, PG7 and PG9, in this order, and draws the signal over 10
    seconds, which would be 80 samples a second; the file itself states no sampling rate.

    Shape:
        - Output: (4, 800): C, one channel an electrode; L, time

    Returns:
        float32, every channel with mean 0 and standard deviation 1, within 0.003 (so it is in the file; the unit before
        that is not stated), on torch's default device.

    Raises:
        ModuleNotFoundError: If matplotlib is not installed.
        FileNotFoundError: If the installed matplotlib no longer carries the file.

    Source:
        matplotlib, `sample_data/eeg.dat`; author not stated.
        https://matplotlib.org/stable/gallery/specialty_plots/mri_with_eeg.html

    Example:
        >>> eeg().shape
        torch.Size([4, 800])
    """
    path = source("eeg").path()

    import numpy as np

    samples = np.fromfile(path, dtype="<f8").reshape(800, 4)  # 64 bits, the low byte first; a row is one moment
    return torch.tensor(samples.T.astype(np.float32, order="C"))


def membrane_potential() -> torch.Tensor:
    """The voltage across the membrane of a nerve cell, which rests near -67 mV and fires short spikes.

    The numbers in the file are in units of 0.1 V, by the code of matplotlib's first logo, which shows a piece of this
    signal; it takes 0.0005 s as the time between two samples, so that the whole lasts 6 seconds.

    Shape:
        - Output: (1, 12000): one channel; L, time

    Returns:
        float32, in mV, at 2000 samples a second, on torch's default device.

    Raises:
        ModuleNotFoundError: If matplotlib is not installed.
        FileNotFoundError: If the installed matplotlib no longer carries the file.

    Source:
        matplotlib, `sample_data/membrane.dat`; author not stated. https://matplotlib.org/stable/project/history.html

    Example:
        >>> membrane_potential().shape
        torch.Size([1, 12000])
    """
    path = source("membrane_potential").path()

    import numpy as np

    tenths_of_volts = np.fromfile(path, dtype="<f4")  # 32 bits, the low byte first
    return torch.tensor(tenths_of_volts.astype(np.float32)).reshape(1, 12000) * 100
