"""The exercises of the first notebook on a window of numbers: its response to weights, its mean taken away."""

from convlab.practice._bank._making import single
from convlab.practice.exercise import Case, Exercise


def dot(window, weights):
    return (window * weights).sum()


def dot_by_loop(window, weights):
    total = window.new_zeros(())
    for x, w in zip(window.flatten(), weights.flatten(), strict=True):
        total = total + x * w
    return total


DOT = {
    "the sum is missing": (
        "The products are right; add them to one number.",
        lambda window, weights: window * weights,
    ),
    "summed along the last axis only": (
        "Add the products of all axes to one number.",
        lambda window, weights: (window * weights).sum(-1),
    ),
    "the mean of the products": (
        "Add the products; their number does not matter.",
        lambda window, weights: (window * weights).mean(),
    ),
    "sums instead of products": (
        "Each element is multiplied by the weight at its place; the products are added.",
        lambda window, weights: (window + weights).sum(),
    ),
    "the product of the sums": (
        "Multiply first, element by element, and add then.",
        lambda window, weights: window.sum() * weights.sum(),
    ),
    "the weights are left out": (
        "Each element is multiplied by the weight at its place.",
        lambda window, weights: window.sum(),
    ),
    "the weights are flipped": (
        "The first element meets the first weight: nothing is flipped.",
        lambda window, weights: (window * weights.flip(tuple(range(weights.ndim)))).sum(),
    ),
    "squared differences": (
        "A response is a sum of products, not a distance.",
        lambda window, weights: (window - weights).pow(2).sum(),
    ),
    "the matrix product": (
        "`@` is the matrix product; `*` multiplies element by element.",
        lambda window, weights: (window @ weights.mT if window.ndim > 1 else window @ weights).sum(),
    ),
}


def center(window):
    return window - window.mean()


def center_by_loop(window):
    import torch

    mean = sum(window.flatten()) / window.numel()
    return torch.stack([x - mean for x in window.flatten()]).reshape(window.shape)


CENTER = {
    "the mean alone": ("Subtract the mean from each element.", lambda window: window.mean()),
    "the mean is added": ("Subtract the mean; the result then sums to 0.", lambda window: window + window.mean()),
    "divided by the mean": ("Subtract the mean; do not divide by it.", lambda window: window / window.mean()),
    "each row by itself": (
        "One mean belongs to the whole window: do not give `mean` an axis.",
        lambda window: window - window.mean(-1, keepdim=True),
    ),
    "each column by itself": (
        "One mean belongs to the whole window: do not give `mean` an axis.",
        lambda window: window - window.mean(0, keepdim=True),
    ),
    "the sum instead of the mean": (
        "Divide the sum by the number of elements first.",
        lambda window: window - window.sum(),
    ),
    "the median instead of the mean": (
        "Subtract the mean: the sum, divided by the number of elements.",
        lambda window: window - window.median(),
    ),
    "scaled as well": (
        "Only the mean is subtracted; the spread of the numbers stays.",
        lambda window: (window - window.mean()) / window.std(),
    ),
}


def _tensors(*rows, names):
    def cases():
        import torch

        made = []
        for words, dtype, *numbers in rows:
            tensors = tuple(torch.tensor(values, dtype=getattr(torch, dtype)) for values in numbers)
            if words == _CUT:
                tensors = tuple(torch.nn.functional.pad(tensor, (1, 1, 1, 1))[1:-1, 1:-1] for tensor in tensors)
            traits = {
                "there are several axes": tensors[0].ndim > 1,
                "the window is not square": len(set(tensors[0].shape)) > 1,
                "the window is not contiguous": not tensors[0].is_contiguous(),
                "the dtype is float64": dtype == "float64",
            }
            made.append(Case(words, tensors[:names], traits=frozenset(trait for trait in traits if traits[trait])))
        return tuple(made)

    return cases


_CUT = "cut from a picture"
_WINDOWS = (
    ("one element", "float32", [3.0], [2.0]),
    ("three in a row", "float32", [1.0, 2.0, 4.0], [1.0, 0.0, -1.0]),
    ("2 x 2", "float32", [[1.0, 2.0], [4.0, 3.0]], [[2.0, 1.0], [-1.0, 0.5]]),
    ("2 x 3", "float32", [[1.0, -2.0, 0.0], [5.0, 3.0, 2.0]], [[1.0, 2.0, -1.0], [0.0, 1.5, 3.0]]),
    (_CUT, "float32", [[2.0, 5.0], [-1.0, 3.0], [4.0, 1.0]], [[1.0, -2.0], [0.5, 3.0], [2.0, 4.0]]),
    ("float64", "float64", [[1 + 2**-26, 2.0, 0.5], [1.0, 0.25, 3.0]], [[2.0, -2.0, 0.5], [1.0, 4.0, 0.25]]),
    (
        "three axes",
        "float32",
        [[[1.0, 2.0], [3.0, 4.0]], [[-1.0, 0.5], [2.0, 8.0]]],
        [[[1.0, 0.0], [2.0, -1.0]], [[3.0, 2.0], [0.5, 1.0]]],
    ),
)

EXERCISES = (
    Exercise(
        name="dot",
        notebook="00_start_here",
        idea="a window's response",
        question="""Write `dot(window, weights)`: multiply each element of `window` by the element of `weights` at
the same place, and add all products. Both are tensors of the same shape, with any number of axes. Return a tensor
without axes, of the same dtype.""",
        difficulty=1,
        importance=3,
        minutes=3,
        hints=(
            "`*` multiplies two tensors element by element.",
            "The method `sum` without an argument adds all elements of a tensor.",
            "`(window * weights)`, and then its sum",
        ),
        solution=dot,
        alternative=dot_by_loop,
        cases=_tensors(*_WINDOWS, names=2),
        mistakes=single(DOT),
    ),
    Exercise(
        name="center",
        notebook="00_start_here",
        idea="arguments are left alone",
        question="""Write `center(window)`: the window minus the mean of all its elements, as a new tensor of the
same shape and dtype. The tensor that you are given must stay as it is: the check looks at it afterwards.""",
        difficulty=1,
        importance=1,
        minutes=3,
        hints=(
            "`window.mean()` is one number.",
            "`a - b` makes a new tensor; `a -= b` writes into `a`.",
            "`window - ...`",
        ),
        solution=center,
        alternative=center_by_loop,
        cases=_tensors(*_WINDOWS[1:], names=1),
        mistakes=single(CENTER),
    ),
)
