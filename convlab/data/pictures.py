"""Photographs as tensors in torch's layout."""

from __future__ import annotations

import torch

from convlab.data.sources import source


def photo() -> torch.Tensor:
    """A colour photograph, of a pavilion above a lake: straight columns, level roofs, red paint, a smooth sky.

    Its credit line is `str(source("photo"))`. The file comes inside scikit-learn, which the extra `course` installs.

    Shape:
        - Output: (3, 427, 640): channels red, green, blue; H downwards; W to the right

    Returns:
        float32, from 0 (dark) to 1 (bright), on torch's default device.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed.
        FileNotFoundError: If the installed scikit-learn no longer carries the file.

    Source:
        danielbuechele, CC BY 2.0, https://www.flickr.com/photos/danielbuechele/6061409035

    Example:
        >>> photo().shape, photo().dtype
        (torch.Size([3, 427, 640]), torch.float32)
    """
    path = source("photo").path()

    import numpy as np
    from PIL import Image

    with Image.open(path) as picture:
        levels = np.asarray(picture.convert("RGB"))  # (H, W, 3), uint8
    return torch.tensor(levels).permute(2, 0, 1).contiguous() / 255
