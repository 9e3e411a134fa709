"""Questions about costs: the parameters and the multiply-accumulate operations (MACs) of layers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence

from convlab.arithmetic import ConvSpec, num_macs, num_params
from convlab.explorers.words import sizes_in_words
from convlab.practice.drill.layers import SPOILED, Layer
from convlab.practice.drill.question import Question, Slip
from convlab.practice.drill.reading import Form
from convlab.practice.drill.topics_sizes import UNCHECKED, indented, refused

COUNT = Form("a whole number, or a product or sum, as 3*5 + 2; or error", is_count=True, words=("error",))
Chain = tuple[Layer, ...]


def parameters(rng: random.Random, difficulty: int) -> Question:
    """A question about the parameters of a layer, or of two.

    Args:
        rng: The lot.
        difficulty: 1 to 5.

    Example:
        >>> parameters(random.Random(2), 1).form.read("4*3 + 4")
        (16,)
    """
    chain = _drawn(rng, difficulty)
    rule = ""
    if rng.random() < SPOILED:
        chain, rule = _spoiled(rng, chain)
    asked = "How many parameters does it have? If torch raises an error, answer error."
    text = f"Count the learned numbers of\n\n{indented(_code(chain))}\n\n{asked}"
    if rule:
        mistakes = list(_slips(chain, _unchecked_params, None))
        return Question(
            "parameters", difficulty, text, _code(chain), None, "error", COUNT, refused(rule), _apart(mistakes)
        )
    answer = sum(num_params(layer.spec()) for layer in chain)
    lines = [line for layer in chain for line in _params_lines(layer.spec(), named=len(chain) > 1)]
    if len(chain) > 1:
        lines.append(" + ".join(str(num_params(layer.spec())) for layer in chain) + f" = {answer}")
    found = _apart([*_slips(chain, _params_mistakes, None)], answer)
    return Question(
        "parameters", difficulty, text, _code(chain), None, (answer,), COUNT, indented("\n".join(lines)), found
    )


def macs(rng: random.Random, difficulty: int) -> Question:
    """A question about the MACs of a layer, or of two.

    Args:
        rng: The lot.
        difficulty: 1 to 5.

    Example:
        >>> macs(random.Random(1), 1).form.read("4*3*8")
        (96,)
    """
    chain = _drawn(rng, difficulty)
    while True:
        shape = (1, chain[0].in_channels, *_input_sizes(rng, difficulty, chain))
        try:
            shapes = _shapes(chain, shape)
            break
        except ValueError:
            continue
    rule = ""
    if rng.random() < SPOILED:
        chain, shape, rule = _spoiled_run(rng, chain, shape)
    asked = (
        "How many multiply-accumulate operations (MACs) does a forward pass take? A bias adds none, and products with "
    )
    asked += "padding count. If torch raises an error, answer error."
    text = f"An input of shape {shape} goes through\n\n{indented(_code(chain))}\n\n{asked}"
    if rule:
        return Question("macs", difficulty, text, _code(chain), shape, "error", COUNT, refused(rule))
    counts = [num_macs(layer.spec(), each[2:]) for layer, each in zip(chain, shapes, strict=False)]
    lines = [line for layer, each in zip(chain, shapes, strict=False) for line in _macs_lines(layer, each)]
    if len(chain) > 1:
        lines.append(" + ".join(map(str, counts)) + f" = {sum(counts)}")
    found = _apart([*_slips(chain, _macs_mistakes, shapes)], sum(counts))
    worked = indented("\n".join(lines))
    return Question("macs", difficulty, text, _code(chain), shape, (sum(counts),), COUNT, worked, found)


def _code(chain: Chain) -> str:
    if len(chain) == 1:
        return chain[0].code
    return "nn.Sequential(\n" + "".join(f"    {layer.code},\n" for layer in chain) + ")"


def _shapes(chain: Chain, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The shapes before and after every layer."""
    shapes = [shape]
    for layer in chain:
        shapes.append((shape[0], layer.out_channels, *layer.sizes(shapes[-1])))
    return shapes


def _drawn(rng: random.Random, difficulty: int) -> Chain:
    """A layer, or at the highest difficulty perhaps a depthwise one and a pointwise one."""
    small, large = (1, 2, 3, 4), (3, 4, 6, 8, 16)
    ndim = 1 if difficulty < 2 else rng.choice((1, 2)) if difficulty == 2 else 2
    if difficulty == 5:
        ndim = rng.choice((2, 2, 3))
    inward, outward = (rng.choice(small if difficulty < 3 else large) for _ in range(2))
    options: dict[str, object] = {}
    if difficulty >= 2 and rng.random() < 0.6:
        options["stride"] = 2
    if difficulty >= 2 and rng.random() < 0.6:
        options["padding"] = 1
    groups = rng.choice((2, 4, inward)) if difficulty >= 4 else 1
    if groups > 1:
        inward, outward = groups * max(1, inward // groups), groups * rng.choice((1, 2, 3))
        options["groups"] = groups
    if difficulty == 1 or rng.random() < 0.35:
        options["bias"] = False
    kernel = rng.choice((2, 3, 5) if ndim < 3 else (2, 3))
    uneven = difficulty == 5 and rng.random() < 0.5
    sized = (kernel, *(rng.choice((1, 2, 3)) for _ in range(ndim - 1))) if uneven else kernel
    if difficulty == 5 and rng.random() < 0.4:
        kept = {name: value for name, value in options.items() if name != "groups"}
        first = Layer(ndim, inward, inward, sized, {**kept, "groups": inward} if inward > 1 else kept)
        return first, Layer(ndim, inward, outward, 1, {"bias": False} if "bias" in options else {})
    return (Layer(ndim, inward, outward, sized, options, transposed=difficulty >= 4 and rng.random() < 0.3),)


def _input_sizes(rng: random.Random, difficulty: int, chain: Chain) -> tuple[int, ...]:
    low, high = (4, 9) if difficulty < 3 or chain[0].ndim == 3 else (6, 16)
    size = rng.randint(low, high)
    return tuple(rng.randint(low, high) if difficulty == 5 else size for _ in range(chain[0].ndim))


def _spoiled(rng: random.Random, chain: Chain) -> tuple[Chain, str]:
    """Layers of which torch cannot make one."""
    while True:
        place = rng.randrange(len(chain))
        bad = (
            chain[place].with_(groups=rng.choice((2, 3, 4, 5)))
            if chain[place].transposed or rng.random() < 0.7
            else chain[place].with_(padding="same", stride=2)
        )
        try:
            bad.spec()
        except ValueError as error:
            return (*chain[:place], bad, *chain[place + 1 :]), str(error)


def _spoiled_run(rng: random.Random, chain: Chain, shape: tuple[int, ...]) -> tuple[Chain, tuple[int, ...], str]:
    """Layers and an input that torch refuses."""
    while True:
        bad, wrong = chain, shape
        way = rng.choice(("channels", "size", "settings"))
        if way == "channels":
            wrong = (shape[0], rng.choice((chain[0].out_channels, shape[1] + 1)), *shape[2:])
        elif way == "size":
            wrong = (*shape[:2], *(rng.randint(1, 2) for _ in shape[2:]))
        else:
            bad, _ = _spoiled(rng, chain)
        try:
            _shapes(bad, wrong)
        except ValueError as error:
            return bad, wrong, str(error)


def _params_lines(spec: ConvSpec, *, named: bool) -> Iterator[str]:
    weight = "*".join(map(str, spec.weight_shape))
    count = math.prod(spec.weight_shape)
    yield f"weight of shape {spec.weight_shape}: {weight} = {count}"
    if spec.bias:
        yield f"and one bias per output channel: {count} + {spec.out_channels} = {num_params(spec)}"
    elif not named:
        yield "no bias"


def _macs_lines(layer: Layer, shape: Sequence[int]) -> Iterator[str]:
    """Positions times weights; of a transposed convolution the positions are those of the input."""
    spec, sizes = layer.spec(), tuple(shape[2:])
    positions = sizes
    if not spec.transposed:
        yield sizes_in_words(spec, sizes)
        positions = layer.sizes(shape)
    where = "input" if spec.transposed else "output"
    product = "*".join(map(str, (*positions, *spec.weight_shape)))
    yield f"{where} positions * weight of shape {spec.weight_shape}: {product} = {num_macs(spec, sizes)}"


Mistakes = Callable[[Layer, Sequence[int]], dict[str, int]]


def _slips(chain: Chain, mistakes: Mistakes, shapes: Sequence[Sequence[int]] | None) -> Iterator[Slip]:
    """What each mistake makes of the whole chain."""
    found = [mistakes(layer, shapes[place] if shapes else ()) for place, layer in enumerate(chain)]
    for clause in found[0]:
        if all(clause in each for each in found):
            yield Slip((sum(each[clause] for each in found),), clause)


def _apart(slips: Sequence[Slip], answer: int | None = None) -> tuple[Slip, ...]:
    return tuple(dict.fromkeys(slip for slip in slips if answer is None or slip.answer != (answer,)))


def _params_mistakes(layer: Layer, shape: Sequence[int]) -> dict[str, int]:
    spec = layer.spec()
    whole, weight = num_params(spec), math.prod(spec.weight_shape)
    along = math.prod(spec.kernel_size)
    found = {
        "the groups are ignored": num_params(layer.with_(groups=None).spec()),
        "the kernel is counted along one axis only": whole - weight + weight // along * spec.kernel_size[0],
        "the input channels are left out": whole - weight + spec.out_channels * along,
        "the output channels are left out": whole - weight + spec.in_channels // spec.groups * along,
    }
    if spec.bias:
        found["the bias is left out"] = weight
        found["one bias is counted for all output channels together"] = weight + 1
        found["one bias is counted per input channel"] = weight + spec.in_channels
    else:
        found["a bias is counted, though bias=False"] = weight + spec.out_channels
    return found


def _unchecked_params(layer: Layer, shape: Sequence[int]) -> dict[str, int]:
    try:
        return {UNCHECKED: num_params(layer.spec())}
    except ValueError:
        return {UNCHECKED: num_params(layer.with_(groups=None, padding=None, stride=None).spec())}


def _macs_mistakes(layer: Layer, shape: Sequence[int]) -> dict[str, int]:
    spec, sizes = layer.spec(), tuple(shape[2:])
    count, weight = num_macs(spec, sizes), math.prod(spec.weight_shape)
    out = math.prod(layer.sizes(shape))
    other = out if spec.transposed else math.prod(sizes)
    taken = "output" if spec.transposed else "input"
    with_bias = {
        "the positions are left out: these are the parameters": num_params(spec),
        "the bias is added, which by convention adds none": count + out * spec.out_channels,
    }
    return {
        **(with_bias if spec.bias else {}),
        "FLOPs are counted, which are twice the MACs": 2 * count,
        "the positions are left out: these are the weights": weight,
        f"the positions of the {taken} are counted": other * weight,
        "the output channels are left out": count // spec.out_channels,
        "the input channels are left out": count // (spec.in_channels // spec.groups),
        "the groups are ignored": num_macs(layer.with_(groups=None).spec(), sizes),
        "the kernel is counted along one axis only": count // math.prod(spec.kernel_size) * spec.kernel_size[0],
    }
