"""What notebook 00 says about the course, the formulas and the words, beside what they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from course_text import book, prose

import convlab
from convlab import card, workspace
from convlab.arithmetic import ConvSpec, num_macs, num_params, receptive_field
from convlab.practice.course import COURSE, ROUTES

LINK = re.compile(r"\[(\d\d)[^\]]*\]\((\w+)\.ipynb\)")
NAMES = {
    "convlab": convlab,
    "ConvSpec": ConvSpec,
    "num_macs": num_macs,
    "num_params": num_params,
    "receptive_field": receptive_field,
}


TEXT = prose("00_start_here")
BOOK = book("00_start_here")


def rows(text: str, first: str) -> Iterator[list[str]]:
    """The rows of the table whose heading begins with this word."""
    (table,) = re.findall(rf"^\| {first} \|.*\n\|[-|]+\|\n((?:\|.*\n?)+)", text, re.MULTILINE)
    for line in table.splitlines():
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def card_faults(text: str) -> list[str]:
    """The examples of a card that give something else than stands beside them."""
    faults = []
    for _, _, example, gives in rows(text, "what"):
        found = eval(example.strip("`"), NAMES)
        if found != ast.literal_eval(gives):
            faults.append(f"{example} gives {found}, not {gives}")
    return faults


def links(text: str) -> list[str]:
    """The numbers of the notebooks that a text links to, in order; each link leads where its number says."""
    found = LINK.findall(text)
    assert all(stem.startswith(f"{number}_") for number, stem in found)
    return [number for number, _ in found]


def test_the_examples_of_the_card_give_what_stands_there() -> None:
    text = card.section(BOOK)
    assert card_faults(text) == []
    assert len(list(rows(text, "what"))) == 12


def test_a_wrong_number_on_the_card_is_seen() -> None:
    wrong = card.section(BOOK).replace("| 224 |", "| 223 |")
    assert card_faults(wrong) == ["`num_params(ConvSpec(6, 8, (3, 3), groups=2))` gives 224, not 223"]


def test_the_numbers_of_the_card_are_asserted_in_cells() -> None:
    asserted = "\n".join(
        line for cell in BOOK.cells if cell.cell_type == "code" for line in cell.source.splitlines() if "assert" in line
    )
    for _, _, _, gives in rows(card.section(BOOK), "what"):
        for number in re.findall(r"\d+", gives):
            assert re.search(rf"\b{number}\b", asserted), number


@pytest.mark.parametrize(("route", "words"), [("signals", "Signals"), ("pictures", "Pictures"), ("volumes", "Volumes")])
def test_the_links_of_a_route_are_its_steps(route: str, words: str) -> None:
    (line,) = re.findall(rf"^- \*\*{words}\b.*$", TEXT, re.MULTILINE)
    assert tuple(links(line)) == ROUTES[route]


def test_the_table_of_notebooks_says_what_each_needs() -> None:
    listed = {}
    for name, question, needs in rows(TEXT, "notebook"):
        assert question.endswith("?")
        listed[links(name)[0]] = tuple(links(needs))
    assert listed == {number: part.needs for number, part in COURSE.items()}


def test_each_word_of_the_glossary_stands_in_the_notebook_that_it_names() -> None:
    texts = {number: prose(part.stem).lower() for number, part in COURSE.items()}
    words = list(rows(TEXT, "term"))
    assert len({term for term, *_ in words}) == len(words)
    for term, meaning, chinese, see in words:
        assert meaning
        assert re.search(r"[\u4e00-\u9fff]", chinese), term
        (number,) = links(see)
        for each in term.split(", "):
            assert each.lower() in texts[number], f"{each} is not in {number}"


def test_the_glossary_has_the_words_of_the_last_notebooks() -> None:
    terms = {each for term, *_ in rows(TEXT, "term") for each in term.split(", ")}
    wanted = {"offset", "bilinear interpolation", "gradcheck", "im2col", "overlap-save", "Winograd", "roofline"}
    wanted |= {"arithmetic intensity", "TF32", "memory format", "deformable convolution", "backward pass"}
    assert wanted <= terms


def test_there_is_a_page_of_the_card_that_asks_no_other_file(tmp_path: Path) -> None:
    page = card.write(tmp_path / "card of mine.html").read_text("utf-8")
    assert page.count("<table>") == 2
    assert page.count("<tr>") == 12 + 1 + 10 + 1
    assert "ΠO" in page
    assert re.findall(r"(?:src|href)=|url\(|@import", page) == []
    assert "@page" in page


def test_a_notebook_without_the_card_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a cell of the notebook must begin with '## The reference card', but none"):
        card.section({"cells": [{"cell_type": "markdown", "source": ["# Start"]}]})


def test_a_card_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(workspace.WorkspaceError, match=r"card\.pdf$"):
        card.write(tmp_path / "card.pdf")
    with pytest.raises(workspace.WorkspaceError, match=r"cannot be written: No such file"):
        card.write(tmp_path / "no such folder" / "card.html")
