"""The works that a notebook cites: each stands in its references, in the form that it has in all notebooks."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from course_pages import Page, notebooks

YEAR = r"(?:19|20)\d\d"


def citations(page: Page) -> list[str]:
    """Who is cited with "et al." or a year stands in the references of the same notebook, with that year."""
    faults = []
    text = page.body.replace("*", "")
    for name, year in re.findall(rf"([A-Z][\w-]+) (?:et al\.|and others)(?: \(({YEAR})[,)])?", text):
        if not any(name in entry and year in entry for entry in page.entries):
            faults.append(f"{name} {year}".strip() + " is not in the references")
    for name, year in re.findall(
        rf"(\S+) \(({YEAR})[,)]", re.sub(r"[A-Z][\w-]+ (?:et al\.|and others) \(\d+", "", text)
    ):
        needed = name if name[0].isupper() else ""
        if not any(needed in entry and re.search(rf"\b{year}\b", entry) for entry in page.entries):
            faults.append(f"{needed} {year}".strip() + " is not in the references")
    return faults


def links(page: Page) -> list[str]:
    """A link of the references is https, and one that shows an identifier or an address leads to it."""
    faults = []
    for entry in page.entries:
        for label, target in re.findall(r"\[([^\]]+)\]\(([^()\s]*)\)", entry):
            kind, _, identifier = label.partition(":")
            wanted = {"arXiv": f"https://arxiv.org/abs/{identifier}", "doi": f"https://doi.org/{identifier}"}
            if not re.fullmatch(r"https://[\w-]+(?:\.[\w-]+)+(?:[/#?]\S*)?", target) or (
                target != wanted.get(kind, target)
                or (kind == "arXiv" and not re.fullmatch(r"\d{4}\.\d{4,5}", identifier))
                or (re.match(r"[\w-]+\.(?:com|org|pub)\b", label) and label not in target)
            ):
                faults.append(f"[{label}] cannot lead to {target}")
        faults += [f"a bare address in {entry[:40]!r}"] if re.search(r"(?<!\()https?://", entry) else []
    return faults


def authors(page: Page) -> list[str]:
    """Authors are set off by commas, and those left out are "et al."."""
    listed = (re.split(r"\*|\[", entry)[0] for entry in page.entries)
    return [f"write commas and 'et al.': {who}" for who in listed if re.search(r"\w\. [\w ]+ and ", who)]


def works(pages: list[Page]) -> list[str]:
    """A work is cited in one form: who, title, where and year are the same in all notebooks."""
    forms: dict[str, dict[str, str]] = {}
    for page in pages:
        for entry in page.entries:
            head = re.match(rf"(.*?\*([^*]+)\*.*?,? {YEAR})\b", entry)
            title = head and re.split("[:?]", head[2])[0].lower()
            for key in filter(None, [title, *re.findall(r"https://(?:arxiv|doi)\.org/\S+?(?=\))", entry)]):
                form = head[1] if head else entry
                forms.setdefault(key, {}).setdefault(re.sub(r"^.*\bThe \w+: ", "", form), page.name)
    return [f"one work, two forms: {' | '.join(found)}" for found in forms.values() if len(found) > 1]


RULES: list[Callable[[Page], list[str]]] = [citations, links, authors]


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    return notebooks()


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.__name__) for rule in RULES])
def test_what_is_cited_is_listed(rule: Callable[[Page], list[str]], pages: list[Page]) -> None:
    assert {page.name: found for page in pages if (found := rule(page))} == {}


def test_a_work_is_cited_in_one_form(pages: list[Page]) -> None:
    assert works(pages) == []
    assert sum(len(page.entries) for page in pages) > 70


END = "\n\n## References\n\n- A. Nobody et al., *On holes*, CVPR 2018, [arXiv:1801.00001](https://arxiv.org/abs/1801.00001).\n"
FAULTS = [
    pytest.param(citations, "So say Somebody et al.", "Somebody is not in the references", id="a name not listed"),
    pytest.param(citations, "**Nobody** (2019)", "Nobody 2019 is not in the references", id="another year"),
    pytest.param(citations, "Nobody et al. (2019)", "Nobody 2019 is not in the references", id="another year, et al."),
    pytest.param(citations, "as was found (1995, figure 3)", "1995 is not in the references", id="a year alone"),
    pytest.param(
        links,
        f"{END}- B, [arXiv:1801.00001](https://arxiv.org/abs/1801.00002).",
        "[arXiv:1801.00001] cannot lead to https://arxiv.org/abs/1801.00002",
        id="the link of another paper",
    ),
    pytest.param(
        links,
        f"{END}- B, [docs](http://example.org/a).",
        "[docs] cannot lead to http://example.org/a",
        id="a link without s",
    ),
    pytest.param(
        links,
        f"{END}- B, [distill.pub](https://distil.pub/2019).",
        "[distill.pub] cannot lead to https://distil.pub/2019",
        id="an address that is not the one shown",
    ),
    pytest.param(links, f"{END}- B, https://a.org.", "a bare address in 'B, https://a.org.'", id="no label"),
    pytest.param(
        authors,
        f"{END}- A. Nobody and B. Else, *Holes*, 2018.",
        "write commas and 'et al.': A. Nobody and B. Else, ",
        id="and between authors",
    ),
]


@pytest.mark.parametrize(("rule", "text", "expected"), FAULTS)
def test_each_rule_refuses_its_fault(rule: Callable[[Page], list[str]], text: str, expected: str) -> None:
    whole = text if "## References" in text else text + END
    assert rule(Page("page", whole)) == [expected]


def test_what_is_right_passes() -> None:
    page = Page("page", "**On holes** by Nobody et al. (2018), with 2000 samples (2000 Hz)." + END)
    assert [fault for rule in RULES for fault in rule(page)] == []


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(
            "A. Nobody, *On holes*, CVPR 2018, [arXiv:1801.00001](https://arxiv.org/abs/1801.00001)", id="who"
        ),
        pytest.param("A. Nobody et al., *On holes*, 2019, without a link", id="year"),
        pytest.param(
            "A. Nobody et al., *Holes*, 2018, [arXiv:1801.00001](https://arxiv.org/abs/1801.00001)", id="title"
        ),
    ],
)
def test_a_work_in_two_forms_is_refused(second: str) -> None:
    first, other = Page("01", END), Page("02", f"## References\n\n- {second}.\n")
    assert works([first, first]) == []
    assert works([first, other]) != []
