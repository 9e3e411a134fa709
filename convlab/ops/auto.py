"""How `method="auto"` chooses: three rules that lead away from torch where it is slow on the CPU.

1. **A narrow dtype that the CPU does not know** (float16 mostly, bfloat16 with AVX2) is computed in float32: torch
   takes one number at a time there. Measured: 8 to 75 times as fast (1x1, 3x3 and depthwise layers, 1D and 3D).
2. **Depthwise with deep padding** is computed on an input that was padded before, which keeps torch's fast kernel.
   Measured: 31x31 on 96 channels of 56x56 takes 7 ms in place of 163. Forward only: going back gains little.
3. **Large kernels where torch is slow**, with few output channels in a group or one kernel a channel, are computed with
   method "fft". Measured: 7 times as fast on average where the rule applies, up to 80 times.

`speeds` predicts the times. Torch is left only where another way is predicted to take at most a part of
1 / `LEAST_GAIN` of its time. Other devices, dtypes and memory formats, `torch.compile`, and CPUs with neither AVX2 nor
AVX512 are always torch: nothing was measured there.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch

from convlab.arithmetic.spec import ConvSpec
from convlab.ops.speeds import REGISTERS, SPEED, Call, is_deep, narrow_times, padded_time, torch_time, transform_time

LEAST_GAIN = 1.5
"""Torch is left only where another way is predicted to be at least so many times as fast."""

NARROW = (torch.float16, torch.bfloat16)


@dataclass(frozen=True)
class Choice:
    """What `conv` takes for a call, and why; as a string, both in a sentence.

    Attributes:
        method: "torch" or "fft", as `conv` takes it.
        pad_first: Whether the input is padded before torch convolves it without padding.
        dtype: The dtype in which it is computed.
        gain: The time predicted for torch alone over that for this choice; 1.0 where it is torch alone.
        reason: The rule, with the values that decided.

    Example:
        >>> print(Choice("torch", False, torch.int64, 1.0, "torch.int64 was not measured"))
        torch, since torch.int64 was not measured
    """

    method: str
    pad_first: bool
    dtype: torch.dtype
    gain: float
    reason: str

    def __str__(self) -> str:
        """The choice and its reason in a sentence."""
        return f"{self.method}{' on an input padded before' if self.pad_first else ''}, since {self.reason}"


def choose(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    spec: ConvSpec,
    *,
    capability: str | None = None,
) -> Choice:
    """The choice for a call with these tensors, whose hyperparameters are checked already.

    Args:
        input: A batch or a single example.
        weight: The kernels.
        bias: One number per output channel, or None.
        spec: The hyperparameters.
        capability: What the CPU can do, as `torch.backends.cpu.get_cpu_capability` names it; None asks that.

    Shape:
        - input: (N, C_in, *spatial) or (C_in, *spatial)
        - weight: (C_out, C_in/groups, *kernel_size)
        - bias: (C_out,)

    Example:
        >>> spec = ConvSpec(96, 96, (11, 11), padding=5, groups=96, bias=False)
        >>> image, kernels = torch.zeros(1, 96, 56, 56), torch.zeros(96, 1, 11, 11)
        >>> [choose(image, kernels, None, spec, capability=name).pad_first for name in ("AVX2", "AVX512")]
        [True, False]
    """
    if torch.compiler.is_compiling():
        return Choice("torch", False, input.dtype, 1.0, "torch.compile chooses for itself")
    capability = capability or torch.backends.cpu.get_cpu_capability()
    unknown = _not_measured(input, weight, capability)
    if unknown:
        return Choice("torch", False, input.dtype, 1.0, unknown)
    training = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (input, weight, bias))
    batch = input.shape[0] if input.ndim == spec.ndim + 2 else 1
    sizes = tuple(input.shape[-spec.ndim :])
    return by_rule(Call(spec, sizes, batch, input.dtype, training, torch.get_num_threads(), capability))


@functools.lru_cache(maxsize=4096)
def by_rule(call: Call) -> Choice:
    """The way that is predicted to take the least time, unless torch is nearly as fast.

    Example:
        >>> call = Call(ConvSpec(1, 1, (63, 63), padding=31), (512, 512), 1, torch.float32, False, 1, "AVX512")
        >>> print(by_rule(call))
        fft, since torch is predicted to need at least 279 ms, and this about 3.72 ms
    """
    if call.dtype in NARROW:
        return _of_narrow(call)
    alone = torch_time(call)
    ways = {("fft", False): transform_time(call)}
    if is_deep(call) and (call.dtype, call.training) == (torch.float32, False):
        ways["torch", True] = padded_time(call)
    (method, pad_first), time = min(ways.items(), key=lambda way: way[1])
    lead = f"torch is predicted to need at least {_milliseconds(alone)}"
    if alone < LEAST_GAIN * time:
        other = "torch on an input padded before" if pad_first else method
        return Choice("torch", False, call.dtype, 1.0, f"{lead}, and {other} about {_milliseconds(time)}")
    return Choice(method, pad_first, call.dtype, alone / time, f"{lead}, and this about {_milliseconds(time)}")


def _not_measured(input: torch.Tensor, weight: torch.Tensor, capability: str) -> str | None:
    """Why nothing was measured for a call such as this; None where it was."""
    if input.device.type != "cpu":
        return f"the tensors are on {input.device.type}, and only the CPU was measured"
    if capability not in REGISTERS:
        return f"torch calls this CPU {capability}, and only {' and '.join(REGISTERS)} were measured"
    if not (input.is_contiguous() and weight.is_contiguous()):
        return "input and weight are not both contiguous, and only contiguous memory was measured"
    if input.dtype not in NARROW and (input.dtype, False) not in SPEED:
        return f"{input.dtype} was not measured"
    return None


def _of_narrow(call: Call) -> Choice:
    """float32 and the choice for it, where the CPU does not know a narrow dtype and the call is large enough."""
    abilities = torch.cpu.get_capabilities()
    if call.dtype == torch.float16:
        known = any(abilities.get(name) for name in ("avx512_fp16", "amx_fp16"))
    else:
        known = call.capability == "AVX512"
    if known:
        return Choice("torch", False, call.dtype, 1.0, f"this CPU has instructions for {call.dtype}")
    alone, time = narrow_times(call)
    lead = f"torch is predicted to need {_milliseconds(alone)} in {call.dtype}, for which this CPU has no instructions"
    if alone < LEAST_GAIN * time:
        return Choice("torch", False, call.dtype, 1.0, f"{lead}, and about {_milliseconds(time)} in float32")
    wide = by_rule(call._replace(dtype=torch.float32))
    reason = f"{lead}; computed in float32, where {wide.reason}"
    return Choice(wide.method, wide.pad_first, torch.float32, alone / time * wide.gain, reason)


def _milliseconds(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e6:.3g} ms"
