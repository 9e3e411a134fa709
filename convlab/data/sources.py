"""Where each data set comes from, who made it and under which licence; and the way to a file inside a package."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """The origin of a data set.

    Attributes:
        title: What it shows.
        author: Who made it, as the package that carries it says.
        licence: Name of the licence.
        url: Where the author published it.
        package: Name of the distribution that carries the file, as pip knows it.
        module: Name of the module that the distribution installs.
        file: Path of the file inside the folder of that module.
        units: What one number means.
    """

    title: str
    author: str
    licence: str
    url: str
    package: str
    module: str
    file: str
    units: str

    def __str__(self) -> str:
        """The credit line that belongs under a picture of it.

        Example:
            >>> print(source("photo"))
            Pavilion above a lake, China, by danielbuechele, CC BY 2.0, https://www.flickr.com/photos/danielbuechele/6061409035
        """
        return f"{self.title}, by {self.author}, {self.licence}, {self.url}"

    def path(self) -> Path:
        """The file on this machine. The package is found, not imported.

        Raises:
            ModuleNotFoundError: If the package is not installed.
            FileNotFoundError: If the installed version of the package does not carry the file.
        """
        spec = importlib.util.find_spec(self.module)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(
                f"this data comes inside the package {self.package}, which is not installed: pip install {self.package}"
            )
        path = Path(spec.origin).parent / self.file
        if not path.is_file():
            raise FileNotFoundError(
                f"the installed {self.package} does not carry {self.file}; "
                "install the version that the course pins: pip install 'convlab[course]'"
            )
        return path


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
    ),
}


def source(name: str) -> Source:
    """The origin and licence of a data set, by the name of its loader.

    Raises:
        ValueError: If there is no such data set; it lists those that there are.

    Example:
        >>> source("photo").licence
        'CC BY 2.0'
    """
    if name not in _SOURCES:
        raise ValueError(f"name must be one of {', '.join(map(repr, _SOURCES))}, but name={name!r}")
    return _SOURCES[name]
