"""Pictures as tensors in torch's layout: photographs, and a slice through a head."""

from __future__ import annotations

import gzip

import torch

from convlab.data.sources import PHOTOS, source


def photo(name: str = "pavilion") -> torch.Tensor:
    """A colour photograph: a pavilion above a lake, or a flower.

    The pavilion has straight columns, level roofs, red paint and a smooth sky; the flower is
    orange, with petals in circles, before a blurred dark background. Credit lines: `str(source("photo"))`,
    `str(source("flower"))`. The files come inside scikit-learn, which the extra `course` installs.

    Args:
        name: `"pavilion"` or `"flower"`.

    Shape:
        - Output: (3, 427, 640): channels red, green, blue; H downwards; W to the right

    Returns:
        float32, from 0 (dark) to 1 (bright), sRGB, on torch's default device.

    Raises:
        ValueError: If there is no photograph of that name.
        ModuleNotFoundError: If scikit-learn is not installed.
        FileNotFoundError: If the installed scikit-learn no longer carries the file.

    Source:
        Pavilion: danielbuechele, CC BY 2.0, https://www.flickr.com/photos/danielbuechele/6061409035.
        Flower: CC BY 2.0, https://www.flickr.com/photos/vultilion/6056698931; scikit-learn's note names danielbuechele
        as its author too, but links to the pages of vultilion.

    Example:
        >>> photo().shape, photo().dtype
        (torch.Size([3, 427, 640]), torch.float32)
        >>> photo("flower").shape
        torch.Size([3, 427, 640])
    """
    if name not in PHOTOS:
        raise ValueError(f"name must be one of {', '.join(map(repr, PHOTOS))}, but name={name!r}")
    path = PHOTOS[name].path()

    import numpy as np
    from PIL import Image

    with Image.open(path) as picture:
        levels = np.asarray(picture.convert("RGB"))  # (H, W, 3), uint8
    return torch.tensor(levels).permute(2, 0, 1).contiguous() / 255


def mri_slice() -> torch.Tensor:
    """A magnetic resonance image (MRI) of one slice through a head, seen from the side.

    The face looks to the left. The file comes inside matplotlib.

    Shape:
        - Output: (1, 256, 256): one channel; H downwards; W to the right

    Returns:
        float32, signal strength from 0 to 0.84 (the 16-bit numbers divided by 65535; the unit is not stated, nor is the
        size of a pixel), on torch's default device.

    Raises:
        ModuleNotFoundError: If matplotlib is not installed.
        FileNotFoundError: If the installed matplotlib no longer carries the file.

    Source:
        matplotlib, `sample_data/s1045.ima.gz`; author not stated.
        https://matplotlib.org/stable/gallery/specialty_plots/mri_with_eeg.html

    Example:
        >>> mri_slice().shape
        torch.Size([1, 256, 256])
    """
    path = source("mri_slice").path()

    import numpy as np

    with gzip.open(path) as file:
        levels = np.frombuffer(file.read(), dtype="<u2").reshape(1, 256, 256)  # 16 bits, the low byte first
    return torch.tensor(levels.astype(np.float32)) / 65535
