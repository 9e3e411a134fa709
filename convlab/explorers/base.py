"""`Explorer`: controls above a picture that follows them."""

from __future__ import annotations

import asyncio
import base64
import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import ipywidgets  # type: ignore[import-untyped]

from convlab.animation import Animation, animate
from convlab.explorers.beforehand import Beforehand, is_wanted, leaves_of, let_rest, packed
from convlab.explorers.controls import beside, choice, takes, whole, yes_no
from convlab.explorers.view import SceneView
from convlab.scenes import Scene

__all__ = ["DPI", "Explorer", "Shown", "choice", "whole", "yes_no"]

DPI = 80
"""Dots per inch of the stored picture."""

MOST_KEPT = 8
"""Settings whose scenes are kept: a reader goes back and forth."""

SECONDS_TO_REST = 0.03
"""From a new picture to the time when the scenes beside it are made, so that the next key finds one of them ready."""


@dataclass(frozen=True)
class Shown:
    """What an explorer shows for some settings.

    Attributes:
        scene: The picture and its story.
        text: Lines under the picture, as counters and formulas; it may have several lines.

    Example:
        >>> from convlab.scenes import Grid, Step
        >>> Shown(Scene("one", "", (Grid("input", ((1,),)),), (Step(""),)), "1 parameter").text
        '1 parameter'
    """

    scene: Scene
    text: str = ""


class Explorer(ipywidgets.VBox):  # type: ignore[misc]
    """Controls, and under them a picture that follows them.

    A change of a control asks Python for a new scene. Stepping and pointing happen in the browser alone.
    A `ValueError` or `TypeError` of `show` is the reason why these settings are refused: it stands in place of the
    picture until the next change. Any other exception is a defect, and is raised.

    Args:
        name: What it is called, as the function that makes it.
        controls: The widgets, by the names of the arguments of `show`.
        show: The scene for the values of the controls, and the lines under it.
        step: The step that is shown first.
        view: What draws the scene; None makes a `SceneView`.
        beforehand: What is offered on a page without a kernel, from the controls; None: these settings, and they rest.

    Example:
        >>> from convlab.scenes import Grid, Step
        >>> def show(count):
        ...     if count > 2:
        ...         raise ValueError(f"count must be at most 2, but count={count}")
        ...     grid = Grid("input", ((0,) * count,))
        ...     return Scene("zeros", f"{count} zeros in a row.", (grid,), (Step("all"),))
        >>> explorer = Explorer("zeros", {"count": whole("count", 2, 1, 5)}, show)
        >>> explorer
        zeros: 2 zeros in a row.
        >>> explorer.set(count=3)
        >>> explorer.message
        'count must be at most 2, but count=3'
    """

    def __init__(
        self,
        name: str,
        controls: Mapping[str, ipywidgets.ValueWidget],
        show: Callable[..., Scene | Shown],
        *,
        step: int = 0,
        view: SceneView | None = None,
        beforehand: Callable[[Mapping[str, ipywidgets.ValueWidget]], Beforehand] | None = None,
    ) -> None:
        self.name = name
        self.controls = dict(controls)
        self.view = SceneView() if view is None else view
        self.view.label = name.replace("_", " ")
        self._show = show
        self._beforehand = beforehand
        self._made = functools.lru_cache(MOST_KEPT)(self._make)
        self._scene: Scene | None = None
        self._waits = False
        row = ipywidgets.Box(tuple(self.controls.values()), layout=ipywidgets.Layout(flex_flow="row wrap"))
        row.add_class("convlab-controls")
        super().__init__((row, self.view))
        self.view.step = step
        self._follow()
        for control in self.controls.values():
            control.observe(self._follow, "value")

    @property
    def scene(self) -> Scene | None:
        """What is shown now; None where the settings are refused."""
        return self._scene

    @property
    def message(self) -> str:
        """Why the settings are refused; "" where they are not."""
        return str(self.view.message)

    @property
    def text(self) -> str:
        """The lines under the picture."""
        return str(self.view.text)

    @property
    def step(self) -> int:
        """The number of the step that is shown, from 0."""
        return int(self.view.step)

    @step.setter
    def step(self, number: int) -> None:
        last = len(self._drawn().steps) - 1
        if not 0 <= number <= last:
            raise ValueError(f"step must be from 0 to {last}, but step={number}")
        self.view.step = number

    def _drawn(self) -> Scene:
        """The scene, where there is one."""
        if self._scene is None:
            raise ValueError(f"there is no picture of settings that are refused: {self.message}")
        return self._scene

    def values(self) -> dict[str, Any]:
        """The settings, by the names of the controls."""
        return {name: control.value for name, control in self.controls.items()}

    def set(self, **values: Any) -> None:
        """Move controls, all at once.

        Args:
            **values: The new settings, by the names of the controls.

        Raises:
            TypeError: If there is no such control, or its value has the wrong type.
            ValueError: If a control does not take the value. All controls are then as they were.
        """
        for name in values:
            if name not in self.controls:
                raise TypeError(f"{self.name} has the controls {', '.join(self.controls)}, but no {name!r}")
        before = self.values()
        with self._one_picture():
            try:
                for name, value in values.items():
                    if not takes(self.controls[name], value):
                        raise ValueError(f"the control {name} of {self.name} does not take {name}={value!r}")
            except (TypeError, ValueError):
                for name, value in before.items():
                    self.controls[name].value = value
                raise

    @contextmanager
    def _one_picture(self) -> Iterator[None]:
        """Inside, controls move and the picture waits; then it follows once."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
            self._follow()

    def _follow(self, change: object = None) -> None:
        """Show the scene of the settings, or why there is none."""
        if self._waits:
            return
        try:
            shown, text = self._made(*self.values().values())
        except (ValueError, TypeError) as error:
            self._send(None, message=str(error))
        except Exception as error:
            self._send(None, message=f"This is a defect of the explorer: {type(error).__name__}: {error}")
            raise
        else:
            self._send(shown.scene, text, text=shown.text)
        self._prepare_later(getattr(change, "owner", None))

    def _make(self, *values: Any) -> tuple[Shown, str]:
        """What is shown for some settings, and its scene as JSON."""
        found = self._show(**dict(zip(self.controls, values, strict=True)))
        shown = found if isinstance(found, Shown) else Shown(found)
        return shown, shown.scene.to_json()

    def _make_beforehand(self) -> None:
        """Let a page without a kernel have other settings, too; where it has none, let the controls rest."""
        if self._beforehand is None:
            let_rest(leaves_of(self.controls, tuple(self.controls)))
        if self._beforehand is None or self.view.beforehand:
            return
        with self._one_picture():  # the controls may take fewer values now
            made = self._beforehand(self.controls)
        with self.view.hold_sync():
            self.view.leaves = leaves_of(self.controls, made.order)
            self.view.beforehand = packed(self.controls, made, self._sent)
            self.view.words = made.words

    def _sent(self, settings: Mapping[str, Any]) -> tuple[str, str, str]:
        """The scene, the lines and the message that the browser gets for some settings."""
        try:
            shown, text = self._make(*(settings[name] for name in self.controls))
        except (ValueError, TypeError) as error:
            return "", "", str(error)
        return text, shown.text, ""

    def _prepare_later(self, moved: object) -> None:
        """When the kernel rests, make the scenes to which one more key on this control leads."""
        name = next((name for name, control in self.controls.items() if control is moved), None)
        with suppress(RuntimeError):  # outside a kernel nothing rests
            if name is not None:
                asyncio.get_running_loop().call_later(SECONDS_TO_REST, self._prepare, name, self.values())

    def _prepare(self, name: str, values: dict[str, Any]) -> None:
        if values == self.values():
            for value in beside(self.controls[name]):
                with suppress(Exception):  # who asks for these settings gets to see why
                    self._made(*{**values, name: value}.values())

    def _send(self, scene: Scene | None, as_json: str = "", *, message: str = "", text: str = "") -> None:
        """All that changed, in one message to the browser."""
        with self.view.hold_sync():
            if scene is not None:
                self.view.step = _same_step(self._scene, scene, self.step)
            self.view.scene = as_json
            self.view.message, self.view.text = message, text
        self._scene = scene

    @property
    def alt(self) -> str:
        """What a reader who cannot see the picture needs to know."""
        return self.message if self._scene is None else self._scene.alt

    def picture(self) -> Animation:
        """The picture for pages where no widget runs: of the step shown, or of the middle of the story.

        Raises:
            ValueError: If the settings are refused.
        """
        scene = self._drawn()
        number = self.step or len(scene.steps) // 2
        values = scene.values_at(number if scene.accumulates else -1)  # as in the browser
        grids = tuple(replace(grid, values=tuple(map(tuple, values[grid.name]))) for grid in scene.grids)
        step = scene.steps[number]
        now = replace(step, text="\n".join(filter(None, (step.text, self.text))), changes=())
        return animate(replace(scene, grids=grids, steps=(now,)), dpi=DPI)

    def __repr__(self) -> str:
        return f"{self.name}: {self.alt}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget, and for pages where it does not run the picture with its words."""
        if is_wanted():
            self._make_beforehand()
        bundle = dict(super()._repr_mimebundle_(**kwargs) or {})
        bundle["text/plain"] = repr(self)
        if self._scene is None:
            return bundle, {}
        bundle["image/png"] = base64.b64encode(self.picture().data).decode()
        return bundle, {"image/png": {"alt": self.alt}}


def _same_step(old: Scene | None, new: Scene, step: int) -> int:
    """The step of the new scene that has the title of the old one's; otherwise the one with its number, or the last."""
    if old is not None and step < len(old.steps):
        titles = [found.title for found in new.steps]
        if old.steps[step].title in titles:
            return titles.index(old.steps[step].title)
    return min(step, len(new.steps) - 1)
