"""The map of the reader's progress: what is done, tried and open, which mistakes were made, what to review today."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import groupby

from convlab.practice import catalogue, store
from convlab.practice.exercise import Task
from convlab.practice.schedule import due, due_date
from convlab.practice.state import Drilled, State, Tried

PLACEHOLDER = "Your progress stands here while the notebook runs; convlab progress prints it in a terminal."
"""What a notebook stores in place of it: a notebook is passed on, and progress is the reader's own."""
WIDTH = 100
"""Characters of a line of text."""

_SIGNS = {"done": ("[x]", "&#10003;"), "tried": ("[~]", "~"), "open": ("[ ]", "&#9675;")}
_LEGEND = "  ".join(f"{sign} {status}" for status, (sign, _) in _SIGNS.items())
# Colours that let the page shine through, so that the map is readable on a light and on a dark one.
_STYLE = """
.convlab-progress { color: var(--jp-content-font-color1, inherit); line-height: 1.45; margin: 0.5em 0;
  container-type: inline-size; overflow-wrap: break-word; }
.convlab-progress p { margin: 0.4em 0; max-width: 60em; }
.convlab-progress summary { cursor: pointer; font-weight: bold; padding: 0.2em 0; }
.convlab-progress.convlab-progress table { border-collapse: collapse; color: inherit; margin: 0.2em 0 0.8em 1em; }
.convlab-progress.convlab-progress th, .convlab-progress.convlab-progress td {
  padding: 0.2em 0.6em; text-align: left; vertical-align: top; border-bottom: 1px solid rgba(128, 128, 128, 0.3); }
.convlab-progress.convlab-progress tr { background: transparent; }
.convlab-progress .status { white-space: nowrap; }
.convlab-progress .done .status { background: rgba(46, 160, 67, 0.18); }
.convlab-progress .tried .status { background: rgba(217, 115, 13, 0.18); }
/* Where four columns have no room: the status, and beside it exercise, idea and notes below each other. */
@container (max-width: 44em) {
  .convlab-progress .exercises, .convlab-progress .exercises tbody { display: block; }
  .convlab-progress.convlab-progress table { margin-left: 0; }
  .convlab-progress .exercises thead { position: absolute; clip-path: inset(50%); }
  .convlab-progress .exercises tr { display: grid; grid-template-columns: max-content 1fr;
    overflow-wrap: anywhere; border-bottom: 1px solid rgba(128, 128, 128, 0.3); }
  .convlab-progress.convlab-progress .exercises tr > * { border: none; min-width: 4em; }
  .convlab-progress .exercises tr > :nth-child(n + 3) { grid-column: 2; padding-top: 0; }
  .convlab-progress .exercises tr > :empty { display: none; }
}
"""


@dataclass(frozen=True)
class Entry:
    """An exercise on the map.

    Attributes:
        task: The exercise.
        tried: What became of it.
        review: The day from which it is to be reviewed; None where it was never passed.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> task = Design("two", "07_dilated", "depth", "?", 1, 1, 5, ("a", "b", "c"), [3], [5], lambda x: None, ())
        >>> Entry(task, Tried(attempts=2), None).status
        'tried'
    """

    task: Task
    tried: Tried
    review: date | None

    @property
    def status(self) -> str:
        """One of "done", "tried" and "open"."""
        return "done" if self.tried.is_passed else "tried" if self.tried.attempts else "open"

    def notes(self, today: date) -> list[str]:
        """What there is to say of it: passes, attempts, reviews, mistakes, hints."""
        found = []
        if self.tried.is_passed:
            review = "" if self.review is None else f", review {self.review if self.review > today else 'today'}"
            found.append(f"passed on {self.tried.passes[-1].date()}{review}")
        elif self.tried.attempts:
            found.append(_count(self.tried.attempts, "attempt"))
        if self.tried.hints:
            found.append(f"{_count(self.tried.hints, 'hint')} seen")
        ordered = sorted(self.tried.mistakes.items(), key=lambda item: -item[1])
        return found + [f"mistake: {name} ({_count(count, 'time')})" for name, count in ordered]


@dataclass(frozen=True)
class Progress:
    """A reader's progress over the exercises of the course.

    Attributes:
        entries: The exercises in the order of the course.
        drills: By their topics.
        reviews: The exercises to review today, the longest overdue first.
        others: Names of exercises that were tried, and that this version of the course does not have.
        today: The reader's date.

    Example:
        >>> print(Progress((), {}, (), (), date(2026, 3, 1)).as_text())
        Your progress: 0 of 0 exercises done, 0 tried
    """

    entries: tuple[Entry, ...]
    drills: Mapping[str, Drilled]
    reviews: tuple[Entry, ...]
    others: tuple[str, ...]
    today: date

    def as_text(self) -> str:
        """The map for a terminal; notebooks of which nothing was tried have one line."""
        blocks = ["\n".join(textwrap.fill(line, WIDTH) for line in self._head())]
        lines = []
        for notebook, entries in self._notebooks():
            lines.append(f"{notebook}: {_counts(entries)}")
            width = max(len(entry.task.name) for entry in entries)
            for entry in entries if _is_begun(entries) else ():
                sign, _ = _SIGNS[entry.status]
                lines.append(f"  {sign} {entry.task.name.ljust(width)}  {entry.task.idea}")
                for note in entry.notes(self.today):
                    lines += textwrap.wrap(note, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 10)
        if lines:
            blocks.append("\n".join([_LEGEND, *lines] if any(_is_begun(e) for _, e in self._notebooks()) else lines))
        if self.drills:
            blocks.append("\n".join(["Drills", *(f"  {topic}: {said}" for topic, said in self._drilled())]))
        return "\n\n".join(blocks)

    def as_html(self) -> str:
        """The map for a notebook; notebooks of which nothing was tried are folded."""
        parts = [f"<p>{escape(line)}</p>" for line in self._head()]
        for notebook, entries in self._notebooks():
            begun = " open" if _is_begun(entries) else ""
            rows = "".join(map(self._row, entries))
            head = "".join(f'<th scope="col">{name}</th>' for name in ("status", "exercise", "idea", "notes"))
            parts.append(
                f"<details{begun}><summary>{escape(notebook)}: {_counts(entries)}</summary>"
                f'<table class="exercises"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></details>'
            )
        if self.drills:
            rows = "".join(f"<tr><td>{escape(topic)}</td><td>{said}</td></tr>" for topic, said in self._drilled())
            parts.append(f"<details open><summary>Drills</summary><table><tbody>{rows}</tbody></table></details>")
        return (
            f"<style>{_STYLE}</style>"
            f'<div class="convlab-progress" role="region" aria-label="Your progress">{"".join(parts)}</div>'
        )

    def _row(self, entry: Entry) -> str:
        notes = "<br>".join(map(escape, entry.notes(self.today)))
        sign = f'<span aria-hidden="true">{_SIGNS[entry.status][1]}</span> {entry.status}'
        return (
            f'<tr class="{entry.status}"><td class="status">{sign}</td><td><code>{escape(entry.task.name)}</code></td>'
            f"<td>{escape(entry.task.idea)}</td><td>{notes}</td></tr>"
        )

    def _head(self) -> Iterator[str]:
        statuses = [entry.status for entry in self.entries]
        done, tried = statuses.count("done"), statuses.count("tried")
        yield f"Your progress: {done} of {_count(len(statuses), 'exercise')} done, {tried} tried"
        if self.entries and not self.drills and not done and not tried:
            first = self.entries[0].task
            check = f'practice.check("{first.name}", {first.name})'
            yield (
                f"To begin, open the notebook {first.notebook}, write {first.name}, and run {check}. "
                "In a terminal, convlab drill output_shape asks as many questions as you like."
            )
        if self.reviews:
            names = ", ".join(f"{entry.task.name} ({entry.task.notebook})" for entry in self.reviews)
            yield f"To review today: {names}"
        elif done:
            days = [entry.review for entry in self.entries if entry.review is not None]
            yield f"To review today: nothing; the next review is on {min(days)}"
        if self.others:
            yield f"Tried, but not in this version of the course: {', '.join(self.others)}"

    def _notebooks(self) -> Iterator[tuple[str, list[Entry]]]:
        for notebook, entries in groupby(self.entries, key=lambda entry: entry.task.notebook):
            yield notebook, list(entries)

    def _drilled(self) -> Iterator[tuple[str, str]]:
        for topic, drilled in sorted(self.drills.items()):
            yield topic, f"{drilled.right} of {drilled.right + drilled.wrong} right"


def survey(state: State, tasks: Iterable[Task], today: date) -> Progress:
    """The map of a state.

    Args:
        state: The reader's progress.
        tasks: The exercises, in the order of the course.
        today: The reader's date.

    Example:
        >>> survey(State({"conv1d": Tried(attempts=1)}), (), date(2026, 3, 1)).others
        ('conv1d',)
    """
    ordered = sorted(tasks, key=lambda task: task.notebook)  # keeps the order inside a notebook
    entries = {
        task.name: Entry(task, state.exercise(task.name), due_date(state.exercise(task.name), today))
        for task in ordered
    }
    reviews = tuple(entries[name] for name in due(state, today) if name in entries)
    others = [name for name, tried in state.exercises.items() if tried.attempts and name not in entries]
    return Progress(tuple(entries.values()), state.drills, reviews, tuple(sorted(others)), today)


def as_text() -> str:
    """The map of the reader's progress, as `convlab progress` prints it.

    Example:
        >>> as_text().splitlines()[0]
        'Your progress: ... exercises done, ... tried'
    """
    return _now().as_text()


def progress() -> None:
    """Show the map of the reader's progress: in Jupyter as a widget, else as text.

    A notebook stores none of it, only a sentence that says what stood there.

    Example:
        >>> progress()
        Your progress: ... exercises done, ... tried...
    """
    if "IPython" in sys.modules:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        if hasattr(get_ipython(), "kernel"):
            from convlab.practice.unstored import Unstored

            display(Unstored(_now().as_html(), PLACEHOLDER))  # type: ignore[no-untyped-call]
            return
    print(as_text())


def _now() -> Progress:
    return survey(store.load(), map(catalogue.find, catalogue.names()), date.today())


def _is_begun(entries: Iterable[Entry]) -> bool:
    return any(entry.status != "open" or entry.tried.hints for entry in entries)


def _counts(entries: list[Entry]) -> str:
    """How many are done, tried and open, without those of which there are none."""
    statuses = [entry.status for entry in entries]
    counts = [f"{statuses.count(status)} {status}" for status in _SIGNS if status in statuses]
    return f"{_count(len(entries), 'exercise')}, {', '.join(counts)}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
