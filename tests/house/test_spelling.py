"""Words are spelt right, and as in Britain: by codespell's lists, and by their likeness to the words of the course."""

from __future__ import annotations

import functools
import importlib.resources
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from course_pages import notebooks

ROOT = Path(__file__).parents[2]
KNOWN = frozenset(
    line for line in (Path(__file__).parent / "words.txt").read_text("utf-8").splitlines() if line and line[0] != "#"
)
CODE = re.compile(
    r"```.*?```|``[^`]*``|`[^`\n]*`|\]\([^()\s]*\)|https?://\S+|\$[^$\n]+\$|<[^<>\n]+>|^\s*(?:>>>|\.\.\.) .*?$",
    re.DOTALL | re.MULTILINE,
)
TITLE = re.compile(r"(?<![(\w])\"[A-Z][^\"\n]*\"|\*[A-Z][^*\n]*\*,|(?<=[ (=])'[a-z ]*'|(?<=[ (=])\"[a-z ]*\"")
"""The title of a work, and what is quoted to the letter: these are not in our own words."""
WORD = re.compile(r"(?<![\w.\-/=#\\&@])[A-Za-z][a-z]+(?:'[a-z]+)?(?![\w\-/=(]|\.\w|: ?[\w#(-]+[;(])")
PYTHON = re.compile(r'''("""(?:\\.|[^\\])*?""")|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(\#[^\n]*)''', re.DOTALL)
OFTEN, SELDOM, LONG = 15, 3, 8


@dataclass(frozen=True)
class Text:
    """Words that somebody reads, and where they stand.

    Attributes:
        place: A file or a notebook.
        words: Their text; code within it does not count.
        is_ours: Whether all of it is in our own words, not in those of other programs.
    """

    place: str
    words: str
    is_ours: bool = True

    @functools.cached_property
    def spelt(self) -> list[str]:
        """The words in small letters."""
        return [word.lower() for word in WORD.findall(CODE.sub(" ", self.words))]

    @property
    def own(self) -> list[str]:
        """Those of them that are our own."""
        return (
            [word.lower() for word in WORD.findall(TITLE.sub(" ", CODE.sub(" ", self.words)))] if self.is_ours else []
        )


def pairs(name: str) -> Iterator[tuple[str, list[str]]]:
    """The lines of one of codespell's lists: a word, and what may stand for it."""
    text = (importlib.resources.files("codespell_lib") / "data" / f"{name}.txt").read_text("utf-8")
    for line in text.splitlines():
        word, _, better = line.partition("->")
        yield word, [each.strip() for each in better.split(",") if each.strip()]


@functools.cache
def misspelt() -> dict[str, str]:
    """Mistakes that people make, each with what is right."""
    return {word: " or ".join(better) for name in ("dictionary", "dictionary_rare") for word, better in pairs(name)}


@functools.cache
def american() -> dict[str, str]:
    """American spellings, each with the British one."""
    return {us: british for british, better in pairs("dictionary_en-GB_to_en-US") for us in better}


def mistakes(texts: Iterable[Text]) -> list[str]:
    """Words that stand in codespell's list of mistakes."""
    return [
        f"{text.place}: {word}, write {misspelt()[word]}"
        for text in texts
        for word in text.spelt
        if word in misspelt() and word not in KNOWN
    ]


def not_british(texts: Iterable[Text]) -> list[str]:
    """Words that are spelt as in America."""
    return [
        f"{text.place}: {word}, write {american()[word]}"
        for text in texts
        for word in text.own
        if word in american() and word not in KNOWN
    ]


def slips(texts: Iterable[Text]) -> list[str]:
    """Rare words that are one slip of a finger away from a long word that the course uses often.

    A change of the last letter is no slip: it makes a plural or another tense.
    """
    texts = list(texts)
    count = Counter(word for text in texts for word in text.spelt)
    terms = [word for word, times in count.items() if times >= OFTEN and len(word) >= LONG]
    seen = {slip: term for term in terms for slip in one_slip(term) if 0 < count[slip] <= SELDOM}
    return [
        f"{text.place}: {word}, write {seen[word]}"
        for text in texts
        for word in text.spelt
        if word in seen and word not in KNOWN
    ]


def one_slip(term: str) -> Iterator[str]:
    """The term with a letter left out, added, exchanged for another or for its neighbour; the last ones stay."""
    for place in range(len(term) - 1):
        before, after = term[:place], term[place:]
        yield before + after[1:]
        if after[0] != after[1]:
            yield before + after[1] + after[0] + after[2:]
        for letter in string.ascii_lowercase:
            yield before + letter + after
            if letter != after[0]:
                yield before + letter + after[1:]


def of_python(source: str, *, all_strings: bool) -> str:
    """The comments and docstrings of a program; also its strings of more than one word, if wanted."""
    parts = []
    for block, line, comment in PYTHON.findall(source):
        parts += [block.strip('"'), comment]
        if all_strings and " " in line.strip("\"' "):
            parts.append(line[1:-1].replace(r"\n", " "))
    return "\n".join(parts)


def all_texts() -> Iterator[Text]:
    """All that is read of this project."""
    for page in notebooks():
        yield Text(page.name, page.body)
        yield Text(page.name, "\n".join(page.entries), is_ours=False)
        code = re.sub(r"\bloc=\"[^\"]*\"", "", page.code)
        yield Text(page.name, of_python(code, all_strings=True))
    for path in [ROOT / "README.md", *sorted((ROOT / "convlab").rglob("*.md"))]:
        yield Text(path.name, path.read_text("utf-8"))
    for folder in ("convlab", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            yield Text(place, of_python(path.read_text("utf-8"), all_strings=folder == "convlab"))
    others = [ROOT / "Makefile", ROOT / "pyproject.toml", *(ROOT / "convlab").rglob("*.js")]
    for path in others:
        yield Text(path.name, path.read_text("utf-8"), is_ours=False)


@pytest.fixture(scope="module")
def texts() -> list[Text]:
    return list(all_texts())


def test_no_word_is_misspelt(texts: list[Text]) -> None:
    assert mistakes(texts) == []


def test_no_word_is_american(texts: list[Text]) -> None:
    assert not_british(texts) == []


def test_no_word_is_a_slip_of_a_finger(texts: list[Text]) -> None:
    assert slips(texts) == []


def test_there_is_much_to_read(texts: list[Text]) -> None:
    assert sum(len(text.spelt) for text in texts) > 100_000
    assert len(misspelt()) > 60_000
    assert len(american()) > 500


def test_each_known_word_is_used(texts: list[Text]) -> None:
    assert KNOWN - {word for text in texts for word in text.spelt} == set()


OFTEN_USED = Text("here", "convolution receptive dilation " * OFTEN)


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        pytest.param("a seperate layer", "seperate, write separate", id="a word that many misspell"),
        pytest.param("Teh window", "teh, write the", id="at the beginning of a sentence"),
        pytest.param("| the lenght |", "lenght, write length", id="in a table"),
        pytest.param('**"Teh window" is false**', "teh, write the", id="in quotes"),
        pytest.param("*the widht.*", "widht, write width", id="in italics"),
        pytest.param("the neighbor", "neighbor, write neighbour", id="American: -or"),
        pytest.param("in the center of it", "center, write centre", id="American: -er"),
        pytest.param("they initialize it", "initialize, write initialise", id="American: -ize"),
        pytest.param("all in gray.", "gray, write grey", id="American: gray"),
        pytest.param("one convoluton", "convoluton, write convolution", id="a letter left out"),
        pytest.param("one convoluttion", "convoluttion, write convolution", id="a letter twice"),
        pytest.param("one convolutoin", "convolutoin, write convolution", id="two letters in the wrong order"),
        pytest.param("the recaptive field", "recaptive, write receptive", id="another letter"),
    ],
)
def test_a_planted_mistake_is_refused(words: str, mistake: str) -> None:
    planted = [OFTEN_USED, Text("there", words)]
    assert [*mistakes(planted), *not_british(planted), *slips(planted)] == [f"there: {mistake}"]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("`color` and `padding_mode='center'`", id="code"),
        pytest.param("```sh\nmake teh\n```", id="a block of code"),
        pytest.param("[here](https://a.org/center/teh)", id="a link"),
        pytest.param('Odena, "Checkerboard artifacts in the center"', id="a title in quotes"),
        pytest.param("convolutions, dilations", id="a plural of what stands there often"),
        pytest.param("A. Odena, *Checkerboard artifacts*, 2016", id="a title in italics"),
        pytest.param("color: inherit; loc=center", id="a style, an argument"),
    ],
)
def test_what_is_no_mistake_passes(words: str) -> None:
    fine = [OFTEN_USED, Text("there", words)]
    assert [*mistakes(fine), *not_british(fine), *slips(fine)] == []


def test_a_program_gives_its_docstrings_comments_and_sentences() -> None:
    source = '"""? first."""\nkey = "?"\nsay = f"? {key} second"  # ? third\n'.replace("?", "teh")
    assert of_python(source, all_strings=True).lower().count("teh") == 3
    assert of_python(source, all_strings=False).lower().count("teh") == 2
