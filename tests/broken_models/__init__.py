"""A gallery of broken models: what people really post, each written anew in a few lines, with its repairs.

`BROKEN` are models that end with an exception, `SILENT` those that run and compute something else than was meant,
`FINE` those that only look wrong, `UNBUILT` those that cannot even be built.
"""

from broken_models import channels, deformable, heads, layers, layout, silent, sizes, values
from broken_models.case import BROKEN, FINE, SILENT, UNBUILT, Broken, Cause, Fine, Input, Repair, Silent, Unbuilt, run

__all__ = [
    "BROKEN",
    "FINE",
    "SILENT",
    "UNBUILT",
    "Broken",
    "Cause",
    "Fine",
    "Input",
    "Repair",
    "Silent",
    "Unbuilt",
    "channels",
    "deformable",
    "heads",
    "layers",
    "layout",
    "run",
    "silent",
    "sizes",
    "values",
]
