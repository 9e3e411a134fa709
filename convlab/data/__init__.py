"""Real data that works offline: each set comes inside a package and is read when its loader is called."""

from convlab.data.cifar import CIFAR10_CLASSES, cifar10
from convlab.data.compositions import TURNS, TurningDigits, turning_digits, written_pages
from convlab.data.handwriting import DIRECTIONS, MovingDigits, digits, moving_digits
from convlab.data.pictures import mri_slice, photo
from convlab.data.signals import eeg, membrane_potential
from convlab.data.sources import Source, source, source_names
from convlab.data.volumes import mri_volume

__all__ = [
    "CIFAR10_CLASSES",
    "DIRECTIONS",
    "TURNS",
    "MovingDigits",
    "Source",
    "TurningDigits",
    "cifar10",
    "digits",
    "eeg",
    "membrane_potential",
    "moving_digits",
    "mri_slice",
    "mri_volume",
    "photo",
    "source",
    "source_names",
    "turning_digits",
    "written_pages",
]
