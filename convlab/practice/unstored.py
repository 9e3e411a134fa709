"""`Unstored`: HTML that a notebook shows and that its file never holds, not even as the state of a widget.

The state of a widget is stored by nbconvert, and by JupyterLab where it is told to. So the HTML is no part of the
state: the browser asks for it when it opens a view, and gets it in a message.
"""

from __future__ import annotations

from typing import Any

import anywidget

_FRONT = """
export default {
  render({ model, el }) {
    const show = (message) => { el.innerHTML = message.html; };
    el.textContent = "Run this cell in your copy of the course to see it.";
    model.on("msg:custom", show);
    model.send({});
    return () => model.off("msg:custom", show);
  },
};
"""


class Unstored(anywidget.AnyWidget):
    """HTML that is sent to the browser, and stored nowhere.

    Args:
        html: What is shown; all that is not markup is escaped already.
        placeholder: The plain text that a notebook stores in its place.

    Example:
        >>> view = Unstored("<p>3 of 9 done</p>", "Your progress stands here.")
        >>> view._repr_mimebundle_()[0]["text/plain"]
        'Your progress stands here.'
        >>> "3 of 9" in str(view.get_state())
        False
    """

    _esm = _FRONT

    def __init__(self, html: str, placeholder: str) -> None:
        super().__init__()
        self._html, self._placeholder = html, placeholder
        self.on_msg(self._answer)

    def _answer(self, widget: object, content: object, buffers: object) -> None:
        """What the browser gets when it asks."""
        self.send({"html": self._html})

    def __repr__(self) -> str:
        return self._placeholder

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget, and the placeholder as plain text."""
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/plain": self._placeholder}, metadata
