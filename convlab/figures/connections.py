"""Pictures of what reaches what: nodes in rows, and a line from each input to each output that uses it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsIndex

import torch

from convlab.arithmetic.spec import as_int
from convlab.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def connections(
    links: torch.Tensor | Sequence[torch.Tensor],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    names: Sequence[str] | None = None,
    highlight: SupportsIndex | None = None,
) -> Axes:
    """Channels or positions as nodes, the input in the lowest row, and a line wherever one reaches the next.

    Args:
        links: Which input reaches which output, for one layer or for each layer from the input on.
        ax: The axes to draw on; None makes a new figure.
        title: What the reader sees.
        names: A name for each row of nodes, from the input up; None leaves them out.
        highlight: One output of the last layer: what reaches it is drawn strongly, the rest pale.

    Shape:
        - links: (outputs, inputs) bools; each layer's inputs are the outputs of the layer before

    Raises:
        TypeError: If the links are no bools, or `highlight` is no int.
        ValueError: If the layers do not fit each other, `highlight` is no output, or the names are not as many as rows.

    Example:
        >>> two_groups = torch.tensor([[True, True, False, False], [False, False, True, True]])
        >>> ax = connections(two_groups, names=["in", "out"], highlight=1)
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['in', 'out']
    """
    layers = [layer.detach().cpu() for layer in ([links] if isinstance(links, torch.Tensor) else links)]
    _check(layers)
    sizes = [layers[0].shape[1], *(len(layer) for layer in layers)]
    if names is not None and len(names) != len(sizes):
        raise ValueError(f"names must be as many as rows, but there are {len(sizes)} rows and {len(names)} names")
    strong = _reaching(layers, highlight)
    width = max(sizes)
    ax = style.axes(ax, width=min(11.0, 0.55 * width + 1.2), height=1.1 * len(layers) + 0.8)
    for row, layer in enumerate(layers):
        for output, source in layer.nonzero().tolist():
            is_strong = bool(strong[row + 1][output] and strong[row][source])
            ax.plot(
                [_place(source, sizes[row], width), _place(output, sizes[row + 1], width)], [row, row + 1],
                color=style.COLOURS[0] if is_strong else "silver", linewidth=1.6 if is_strong else 0.6,
                zorder=2 if is_strong else 1,
            )  # fmt: skip
    for row, size in enumerate(sizes):
        colours = [style.COLOURS[0] if node else "silver" for node in strong[row]]
        places = [_place(node, size, width) for node in range(size)]
        ax.scatter(places, [row] * size, c=colours, s=min(120, 3000 / width), zorder=3, edgecolors="white")
    ax.set(xlim=(-0.7, width - 0.3), ylim=(-0.35, len(layers) + 0.35), xticks=[], title=title or "")
    ax.set_yticks(range(len(sizes)) if names else [], names)
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    return ax


def _check(layers: Sequence[torch.Tensor]) -> None:
    if not layers:
        raise ValueError("links must hold at least one layer, but it is empty")
    for number, layer in enumerate(layers):
        if layer.dtype != torch.bool:
            raise TypeError(f"links must be bools, but layer {number} has dtype {layer.dtype}")
        if layer.ndim != 2 or not layer.numel():
            shape = tuple(layer.shape)
            raise ValueError(
                f"links must have shape (outputs, inputs), nowhere 0, but layer {number} has shape {shape}"
            )
    for number, (below, above) in enumerate(itertools.pairwise(layers), start=1):
        if above.shape[1] != len(below):
            raise ValueError(
                f"the inputs of a layer must be the outputs of the layer before, but layer {number} has "
                f"{above.shape[1]} inputs and layer {number - 1} has {len(below)} outputs"
            )


def _reaching(layers: Sequence[torch.Tensor], highlight: SupportsIndex | None) -> list[list[bool]]:
    """For each row, which nodes reach the highlighted output; all, where none is highlighted."""
    if highlight is None:
        return [[True] * layers[0].shape[1], *([True] * len(layer) for layer in layers)]
    outputs = len(layers[-1])
    node = as_int("highlight", highlight, minimum=0)
    if node >= outputs:
        raise ValueError(f"highlight must be an output of the last layer, but highlight={node} of {outputs} outputs")
    wanted = torch.arange(outputs, device="cpu") == node
    rows = [wanted]
    for layer in reversed(layers):
        wanted = layer[wanted].any(0)
        rows.insert(0, wanted)
    return [row.tolist() for row in rows]


def _place(node: int, size: int, width: int) -> float:
    """Where a node lies from left to right: rows with fewer nodes are spread over the same width."""
    return node * (width - 1) / (size - 1) if size > 1 else (width - 1) / 2
