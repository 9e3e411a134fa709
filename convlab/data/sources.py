"""Where each data set comes from, who made it and under which licence; and the way to a file inside a package."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

NOT_STATED = "not stated"


@dataclass(frozen=True)
class Source:
    """The origin of a data set. What nobody states is the words `not stated`.

    Attributes:
        title: What it shows.
        author: Who made it, as the package that carries it says.
        licence: Name of the licence; that of the package, where the file has none of its own.
        url: Where the author published it, or where the package describes it.
        package: Name of the distribution that carries the file, as pip knows it.
        module: Name of the module that the distribution installs.
        file: Path of the file inside the folder of that module.
        units: What one number of the tensor means.
        sampling_rate: How many samples a second, and who says so.
        spacing: Distance between neighbouring pixels or voxels, along the axes of the tensor.
    """

    title: str
    author: str
    licence: str
    url: str
    package: str
    module: str
    file: str
    units: str
    sampling_rate: str = NOT_STATED
    spacing: str = NOT_STATED

    def __str__(self) -> str:
        """The credit line that belongs under a picture of it.

        Example:
            >>> print(source("photo"))
            Pavilion above a lake, China, by danielbuechele, CC BY 2.0, https://www.flickr.com/photos/danielbuechele/6061409035
        """
        author = "author not stated" if self.author == NOT_STATED else f"by {self.author}"
        return f"{self.title}, {author}, {self.licence}, {self.url}"

    def path(self) -> Path:
        """The file on this machine. The package is found, not imported.

        Raises:
            ModuleNotFoundError: If the package is not installed.
            FileNotFoundError: If the installed version of the package does not carry the file.
        """
        spec = importlib.util.find_spec(self.module)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(
                f"this data comes inside the package {self.package}, which is not installed: "
                "pip install 'convlab[course]'"
            )
        path = Path(spec.origin).parent / self.file
        if not path.is_file():
            raise FileNotFoundError(
                f"the installed {self.package} does not carry {self.file}; "
                "install the version that the course pins: pip install 'convlab[course]'"
            )
        return path


_NO_TIME = "none: it has no axis of time"
_NO_SPACE = "none: it has no axis of space"

_SOURCES = {
    "photo": Source(
        title="Pavilion above a lake, China",
        author="danielbuechele",
        licence="CC BY 2.0",
        url="https://www.flickr.com/photos/danielbuechele/6061409035",
        package="scikit-learn",
        module="sklearn",
        file="datasets/images/china.jpg",
        units="sRGB value (gamma-encoded) of red, green and blue, 0 to 1",
        sampling_rate=_NO_TIME,
    ),
    "eeg": Source(
        title="EEG at four electrodes",
        author=NOT_STATED,
        licence="Matplotlib licence",
        url="https://matplotlib.org/stable/gallery/specialty_plots/mri_with_eeg.html",
        package="matplotlib",
        module="matplotlib",
        file="mpl-data/sample_data/eeg.dat",
        units="not stated; every electrode has mean 0 and standard deviation 1, within 0.003",
        sampling_rate="not stated; matplotlib's example draws the 800 samples over 10 s, which would be 80 Hz",
        spacing=_NO_SPACE,
    ),
    "membrane_potential": Source(
        title="Membrane potential of a nerve cell",
        author=NOT_STATED,
        licence="Matplotlib licence",
        url="https://matplotlib.org/stable/project/history.html",
        package="matplotlib",
        module="matplotlib",
        file="mpl-data/sample_data/membrane.dat",
        units="mV: 100 times the numbers in the file, as in the code of matplotlib's first logo",
        sampling_rate="2000 Hz, from the sample interval of 0.0005 in the same code, which takes it as seconds",
        spacing=_NO_SPACE,
    ),
    "mri_slice": Source(
        title="MRI slice through a head",
        author=NOT_STATED,
        licence="Matplotlib licence",
        url="https://matplotlib.org/stable/gallery/specialty_plots/mri_with_eeg.html",
        package="matplotlib",
        module="matplotlib",
        file="mpl-data/sample_data/s1045.ima.gz",
        units="signal strength, unit not stated; the 16-bit numbers of the file divided by 65535",
        sampling_rate=_NO_TIME,
    ),
    "mri_volume": Source(
        title="MRI volume: 24 slices through a head",
        author=NOT_STATED,
        licence="MIT",
        url="https://github.com/nipy/nibabel/blob/master/nibabel/tests/data/example4d.nii.gz",
        package="nibabel",
        module="nibabel",
        file="tests/data/example4d.nii.gz",
        units="signal strength, unit not stated; the numbers of the file divided by the largest, 1162",
        sampling_rate=_NO_TIME,
        spacing="2.2, 2, 2 mm along D, H, W, as the header of the file says",
    ),
    "digits": Source(
        title="Optical recognition of handwritten digits, test set",
        author="E. Alpaydin",
        licence="BSD-3-Clause",
        url="https://archive.ics.uci.edu/ml/datasets/Optical+Recognition+of+Handwritten+Digits",
        package="scikit-learn",
        module="sklearn",
        file="datasets/data/digits.csv.gz",
        units="share of ink, 0 to 1: how many of 4 x 4 black-and-white pixels are on, divided by 16",
        sampling_rate=_NO_TIME,
    ),
}

# By the name that `photo` takes. The first is the one it shows when not asked for another.
PHOTOS = {
    "pavilion": _SOURCES["photo"],
    "flower": Source(
        title="Flower",
        author="vultilion or danielbuechele (scikit-learn links to the first and names the second)",
        licence="CC BY 2.0",
        url="https://www.flickr.com/photos/vultilion/6056698931",
        package="scikit-learn",
        module="sklearn",
        file="datasets/images/flower.jpg",
        units="sRGB value (gamma-encoded) of red, green and blue, 0 to 1",
        sampling_rate=_NO_TIME,
    ),
}


def source_names() -> list[str]:
    """The names that `source` knows: of the loaders, and of the second photograph.

    Example:
        >>> source_names()
        ['photo', 'eeg', 'membrane_potential', 'mri_slice', 'mri_volume', 'digits', 'flower']
    """
    return [*_SOURCES, *(name for name, photo in PHOTOS.items() if photo not in _SOURCES.values())]


def source(name: str) -> Source:
    """The origin and licence of a data set, by the name of its loader; of a photograph also by its own name.

    Raises:
        ValueError: If there is no such data set; it lists those that there are.

    Example:
        >>> source("photo").licence
        'CC BY 2.0'
        >>> source("mri_volume").spacing
        '2.2, 2, 2 mm along D, H, W, as the header of the file says'
    """
    known = PHOTOS | _SOURCES
    if name not in known:
        raise ValueError(f"name must be one of {', '.join(map(repr, source_names()))}, but name={name!r}")
    return known[name]
