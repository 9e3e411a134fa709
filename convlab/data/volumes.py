"""Volumes as tensors in torch's layout."""

from __future__ import annotations

import torch

from convlab.data.sources import source


def mri_volume() -> torch.Tensor:
    """A magnetic resonance image (MRI) of a head in three dimensions: 24 slices, from the base of the brain upwards.

    A voxel is 2.2 mm deep, 2 mm high and 2 mm wide, so the volume is a slab of 53 mm, without chin and crown. The
    slices lie nearly level (they are tilted by 9 degrees). Slice 0 is the lowest. In each slice the forehead is at the
    top and the right side of the person at the left, as radiologists look at it. The file holds two such volumes, one
    after the other in time; this is the first. It comes inside nibabel, which the extra `course` installs.

    Shape:
        - Output: (1, 24, 96, 128): one channel; D upwards through the head; H from forehead to back; W from the right
          side of the person to the left

    Returns:
        float32, signal strength from 0 to 1 (divided by the largest number in the file, 1162; the unit is not stated),
        on torch's default device.

    Raises:
        ModuleNotFoundError: If nibabel is not installed.
        FileNotFoundError: If the installed nibabel no longer carries the file.

    Source:
        nibabel, `tests/data/example4d.nii.gz`, MIT; author not stated.
        https://github.com/nipy/nibabel/blob/master/nibabel/tests/data/example4d.nii.gz

    Example:
        >>> mri_volume().shape
        torch.Size([1, 24, 96, 128])
    """
    path = source("mri_volume").path()

    import nibabel
    import numpy as np

    # The axes of the file grow to the left of the person, to the front, upwards, and in time.
    both = np.asarray(nibabel.load(path).dataobj, dtype=np.float32)  # type: ignore[attr-defined]
    first = both[..., 0].transpose(2, 1, 0)[:, ::-1]
    return torch.tensor(first.copy()).unsqueeze(0) / 1162
