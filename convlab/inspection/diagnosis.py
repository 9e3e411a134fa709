"""What the doctor says of a model that stops: the layer, the reason, and what to change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fix:
    """A change that was made to a copy of the model or of its input, and with which the model ran.

    Attributes:
        description: What it does and where it belongs, in a sentence.
        code: One line to paste; what has to be changed together stands in it with "; " between.

    Example:
        >>> print(Fix("Give fc1 the 2704 features that arrive.", "model.fc1 = nn.Linear(2704, 120)"))
        Give fc1 the 2704 features that arrive.
            model.fc1 = nn.Linear(2704, 120)
    """

    description: str
    code: str

    def __str__(self) -> str:
        return f"{self.description}\n    {self.code}"


@dataclass(frozen=True)
class Diagnosis:
    """Why a model stopped.

    Attributes:
        layer: The layer at fault by its qualified name; a call that is no module's is written "forward: view", or
            "up.forward: cat" inside the module `up`; the model itself is "model".
        error: The exception that the model raised.
        explanation: What arrived, what the layer was built for, and where the difference came from.
        fixes: Changes that were tried, the least intrusive first; empty where none of those tried made the model run.
        place: File and line in the reader's code where the layer is called; None where it is not known.

    Example:
        >>> print(Diagnosis("fc1", RuntimeError(), "fc1 gets 2704 features, but was built for 400.", ()))
        fc1 gets 2704 features, but was built for 400.
    """

    layer: str
    error: Exception
    explanation: str
    fixes: tuple[Fix, ...]
    place: tuple[str, int] | None = None

    def __str__(self) -> str:
        """The explanation and the fixes as plain text."""
        if not self.fixes:
            return self.explanation
        lines = [self.explanation, "", "What made it run when it was tried:"]
        for number, fix in enumerate(self.fixes, start=1):
            description, _, code = str(fix).partition("\n")
            lines += [f"{number}. {description}", f"   {code}"]
        return "\n".join(lines)
