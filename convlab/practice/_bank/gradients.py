"""First exercises on the backward pass: conv_grad_bias and conv1d_grad_weight."""

import torch
import torch.nn.functional as F

from convlab.practice._bank._backward import BACKWARD
from convlab.practice._bank._numbers import channel_traits, numbers, picture_traits
from convlab.practice.exercise import Case, Exercise, Mistake

NOTEBOOK = "10_backward"


def conv_grad_bias(grad_output):
    return grad_output.sum(dim=(0, 2, 3))


def conv_grad_bias_by_product(grad_output):
    by_channel = grad_output.transpose(0, 1).flatten(1)  # (C_out, N * H_out * W_out)
    return by_channel @ by_channel.new_ones(by_channel.shape[1])


def _grad_bias_cases():
    def case(id, grad_output):
        traits = picture_traits(grad_output) | channel_traits(1, grad_output.shape[1])
        return Case(id, (grad_output,), traits=traits)

    return (
        case("one element", numbers(1, 1, 1, 1)),
        case("2 x 3", numbers(1, 1, 2, 3)),
        case("3 channels", numbers(1, 3, 2, 2)),
        case("2 samples, 3 channels", numbers(2, 3, 2, 4)),
        case("float64", numbers(3, 2, 3, 2, dtype=torch.float64)),
        case("not contiguous", numbers(3, 2, 5, 4).permute(3, 2, 1, 0)),
    )


CONV_GRAD_BIAS = Exercise(
    name="conv_grad_bias",
    notebook=NOTEBOOK,
    idea="the gradient of the bias is a sum",
    question="Compute the gradient of the bias of a Conv2d.\n\n"
    "`grad_output` is the gradient of the loss with respect to the output, `(N, C_out, H_out, W_out)`. "
    "The result is `(C_out,)`, in the dtype of `grad_output`. `torch.nn.grad` and the autograd of a "
    "convolution are not allowed.",
    difficulty=1,
    importance=2,
    minutes=5,
    hints=(
        "To which elements of the output is bias[o] added?",
        "bias[o] is added to every element of output channel o, of every sample. So its gradient is the sum over all "
        "of them.",
        "Sum over all axes but the channels: `dim=(0, 2, 3)`.",
    ),
    solution=conv_grad_bias,
    alternative=conv_grad_bias_by_product,
    cases=_grad_bias_cases,
    mistakes=(
        Mistake(
            "the mean instead of the sum",
            "The gradient is averaged. Each element of the output depends on the bias, and their gradients add.",
            lambda g: g.mean((0, 2, 3)),
        ),
        Mistake(
            "the mean over the batch",
            "The samples are averaged. Each sample's gradient already has its share of the loss: they add.",
            lambda g: g.sum((2, 3)).mean(0),
        ),
        Mistake(
            "the mean over the positions",
            "The positions are averaged. The bias is added at each of them, so their gradients add.",
            lambda g: g.mean((2, 3)).sum(0),
        ),
        Mistake(
            "the batch is not summed",
            "There is one row for each sample. All samples share the bias: sum over them, too.",
            lambda g: g.sum((2, 3)),
        ),
        Mistake(
            "only the batch is summed",
            "Your result still has the axes H_out and W_out. All positions share the bias: sum over them, too.",
            lambda g: g.sum(0),
        ),
        Mistake(
            "the channels are summed",
            "All output channels are added. Each has its own bias: the result is (C_out,).",
            lambda g: g.sum(),
        ),
        Mistake(
            "the sum over the wrong axes",
            "Your result has one number for each sample. Each output channel has its own bias: keep axis 1, not axis "
            "0.",
            lambda g: g.sum((1, 2, 3)),
        ),
        Mistake(
            "the summed axes are kept",
            "Your result is (1, C_out, 1, 1). The bias is (C_out,), and so is its gradient: no keepdim.",
            lambda g: g.sum((0, 2, 3), keepdim=True),
        ),
        Mistake(
            "only the first sample",
            "Only sample 0 is summed. All samples share the bias: sum over them, too.",
            lambda g: g[0].sum((1, 2)),
        ),
        Mistake(
            "the number of positions",
            "This counts the elements to which the bias is added. Each of them has its gradient: sum these.",
            lambda g: torch.ones_like(g).sum((0, 2, 3)),
        ),
    ),
    replaces=BACKWARD,
)


def conv1d_grad_weight(input, grad_output):
    size = len(input) - len(grad_output) + 1
    return torch.stack([(input[k : k + len(grad_output)] * grad_output).sum() for k in range(size)])


def conv1d_grad_weight_by_windows(input, grad_output):
    return input.unfold(0, len(grad_output), 1) @ grad_output


def _full(input, grad_output):
    windows = F.pad(input, (len(grad_output) - 1,) * 2).unfold(0, len(grad_output), 1)
    return windows @ grad_output


def _grad_1d_cases():
    def case(id, input, grad_output):
        found = {
            "the kernel has an even size": (len(input) - len(grad_output)) % 2 == 1,
            "the kernel is longer than grad_output": len(input) - len(grad_output) + 1 > len(grad_output),
            "the input is not contiguous": not input.is_contiguous(),
            "the dtype is float64": input.dtype == torch.float64,
        }
        return Case(id, (input, grad_output), traits=frozenset(trait for trait, holds in found.items() if holds))

    return (
        case("one output element", torch.tensor([1.0, 2.0, 4.0]), torch.tensor([3.0])),
        case("one tap", torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.0, -1.0, 2.0])),
        case("three taps", torch.tensor([1.0, 2.0, 4.0, 3.0]), torch.tensor([1.0, 2.0])),
        case("two taps", numbers(5), numbers(4, seed=1)),
        case("float64", numbers(7, dtype=torch.float64), numbers(3, seed=1, dtype=torch.float64)),
        case("not contiguous", numbers(6, 2)[:, 1], numbers(4, seed=1)),
    )


CONV1D_GRAD_WEIGHT = Exercise(
    name="conv1d_grad_weight",
    notebook=NOTEBOOK,
    idea="the gradient of the weight is a correlation with the input",
    question="Compute the gradient of the kernel of a convolution along one axis: one channel, stride 1, no "
    "padding.\n\n"
    "`output[i]` is the sum over `k` of `input[i + k] * weight[k]`. `input` is `(L,)` and `grad_output`, "
    "the gradient with respect to the output, is `(L_out,)`. The result is `(K,)`, with `K = L - L_out + "
    "1`, in the dtype of `input`. `torch.nn.grad` and the autograd of a convolution are not allowed.",
    difficulty=2,
    importance=2,
    minutes=10,
    hints=(
        "In which output elements does weight[k] appear, and with which factor?",
        "weight[k] appears in every output[i], with the factor input[i + k]. So its gradient is the sum over i of "
        "grad_output[i] * input[i + k].",
        "For each k: `(input[k : k + len(grad_output)] * grad_output).sum()`: grad_output moves over the input like a "
        "kernel.",
    ),
    solution=conv1d_grad_weight,
    alternative=conv1d_grad_weight_by_windows,
    cases=_grad_1d_cases,
    mistakes=(
        Mistake(
            "the result is flipped",
            "The gradient runs from the last tap to the first. weight[k] meets input[i + k], so k counts upwards.",
            lambda x, g: conv1d_grad_weight(x, g).flip(0),
        ),
        Mistake(
            "grad_output is flipped",
            "grad_output moves over the input in reverse order. weight[k] meets input[i + k] where grad_output[i] "
            "stands: no "
            "flip.",
            lambda x, g: conv1d_grad_weight(x, g.flip(0)),
        ),
        Mistake(
            "the mean instead of the sum",
            "The products are averaged. The contributions of all output elements add.",
            lambda x, g: conv1d_grad_weight(x, g) / len(g),
        ),
        Mistake(
            "one tap too few",
            "The last tap is missing: K = L - L_out + 1.",
            lambda x, g: conv1d_grad_weight(x, g)[:-1],
        ),
        Mistake(
            "a full correlation",
            "grad_output was moved past both ends of the input. Only the K places where it fits belong to a tap.",
            _full,
        ),
        Mistake(
            "grad_output is ignored",
            "These are sums of the input. Each input element is multiplied by the gradient of the output that it "
            "reaches.",
            lambda x, g: conv1d_grad_weight(x, torch.ones_like(g)),
        ),
        Mistake(
            "the input is ignored",
            "These are sums of grad_output. weight[k] counts with the factor input[i + k].",
            lambda x, g: conv1d_grad_weight(torch.ones_like(x), g),
        ),
        Mistake(
            "only the first output element",
            "Only output[0] is looked at. weight[k] appears in every output element.",
            lambda x, g: x[: len(x) - len(g) + 1] * g[0],
        ),
        Mistake(
            "the taps are not shifted",
            "Every tap gets the sum that belongs to tap 0. Tap k meets the input k elements later.",
            lambda x, g: conv1d_grad_weight(x, g)[:1].expand(len(x) - len(g) + 1),
        ),
    ),
    replaces=BACKWARD,
)

EXERCISES = (CONV_GRAD_BIAS, CONV1D_GRAD_WEIGHT)
