"""The course as pages: what is refused before any work, whose folder is written, and the pages of a small notebook."""

from __future__ import annotations

import html
import importlib.util
import json
import re
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import execute
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from convlab import cli, site, workspace
from convlab.site import pages, place, running, scripts
from convlab.workspace import WorkspaceError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

# A picture of one pixel and its words, which a stored notebook has in the metadata of the picture.
PICTURE = """from IPython.display import display
one_pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2gAAAAABJRU5ErkJggg=="
bundle = {"image/png": one_pixel, "text/plain": "a picture"}
display(bundle, raw=True, metadata={"image/png": {"alt": "one white pixel"}})"""
WHERE = "import os\nprint(sorted(name for name in os.environ if name.startswith('CONVLAB_SC')), os.listdir('.'))"


def book(*cells: NotebookNode) -> bytes:
    """A notebook as the bytes of a file."""
    made = new_notebook(cells=list(cells), metadata=execute.METADATA)
    return execute.as_bytes(execute.with_ids(made, "small"))


SMALL = {
    "01_small.ipynb": book(
        new_markdown_cell("# What is small?\n\nThe next is [02](02_next.ipynb). It costs $k^2$."),
        new_code_cell(PICTURE),
        new_code_cell(WHERE),
        new_code_cell("print('folded away')", metadata={"jupyter": {"source_hidden": True, "outputs_hidden": True}}),
    ),
    "02_next.ipynb": book(new_markdown_cell("# What is next?\n\nA chequerboard.")),
}


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with scripts that say nothing, as if they had been fetched."""
    folder = tmp_path / "web"
    folder.mkdir()
    for name in scripts.FILES:
        (folder / name).write_text("// nothing")
    packages = {name: package for name, (package, _) in scripts.FILES.items()}
    (folder / scripts.LIST).write_text(json.dumps(packages))
    monkeypatch.setenv("CONVLAB_WEB", str(folder))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_pages_of_a_small_course(web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("CONVLAB_HOME", str(home))
    where, said = tmp_path / "my 课程" / "site", list[str]()
    site.build(where, SMALL, tell=said.append)
    first, second, index = ((where / f"{name}.html").read_text("utf-8") for name in ("01_small", "02_next", "index"))
    assert [line.split(" ")[0] for line in sorted(said)] == ["01_small", "02_next"]
    assert 'href="02_next.html"' in first
    assert re.search(r'<img alt="one white pixel"[^>]* src="_images/\w+\.png"', first)
    assert "['CONVLAB_SCENES'] []" in html.unescape(re.sub("<[^>]+>", "", first))
    assert re.search(r"<details[^>]*>(?:(?!</details>).)*folded away", first, re.DOTALL)
    assert "math notranslate" in first
    assert "tex-svg.js" in first
    assert "tex-svg.js" not in index
    assert "01 What is small?" in index
    assert "chequerboard" in (where / "searchindex.js").read_text("utf-8")
    assert set(scripts.FILES) | {"anywidget.js"} <= {path.name for path in (where / "_static").iterdir()}
    asked = [name for page in (first, second, index) for name in re.findall(r'(?:src|href)="([^"#]*)', page)]
    assert [name for name in asked if name.startswith(("http", "//"))] == []
    assert contents(home) == {}
    assert [path.name for path in where.parent.iterdir()] == ["site"]
    place.check(where)


def test_with_stored_outputs_only_what_explorers_need_is_run(web: Path, tmp_path: Path) -> None:
    fails, stored = new_code_cell("1 / 0"), new_output("stream", name="stdout", text="stored")
    fails.outputs = [stored]
    shown = [new_code_cell(line) for line in ("from convlab import explorers", "explorers.output_shape()")]
    site.build(tmp_path / "site", {"01_a.ipynb": book(new_markdown_cell("# A"), fails, *shown)}, stored=True)
    page = (tmp_path / "site" / "01_a.html").read_text("utf-8")
    assert "stored" in page
    assert "application/vnd.jupyter.widget-view+json" in page
    with pytest.raises(WorkspaceError, match="ZeroDivisionError"):
        site.build(tmp_path / "site", {"01_a.ipynb": book(fails)})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param({"01_a.ipynb": book(new_code_cell("1 / 0"))}, "01_a: cell .*ZeroDivisionError", id="fails"),
        pytest.param(
            {"01_a.ipynb": book(new_markdown_cell("# A\n\n[b](b.ipynb)"))},
            r"the pages have faults:\n.*01_a.*b\.ipynb",
            id="a reference that leads nowhere",
        ),
        pytest.param({"01_a.ipynb": b"{"}, "01_a.ipynb is no notebook that can be read", id="damaged"),
        pytest.param({}, "there is no notebook", id="none"),
    ],
)
def test_notebooks_that_give_no_pages(files: dict[str, bytes], message: str, web: Path, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=re.compile(message, re.DOTALL)):
        site.build(tmp_path / "site", files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["web"]


def a_file(where: Path) -> None:
    where.write_text("mine")


def a_folder_of_the_reader(where: Path) -> None:
    where.mkdir()
    (where / "notes.txt").write_text("mine")


def a_working_copy(where: Path) -> None:
    workspace.update(where, {"01_a.ipynb": b"mine"})


def a_site_with_a_file_more(where: Path) -> None:
    made_site(where)
    (where / "_static" / "notes.txt").write_text("mine")


def a_site_with_a_changed_page(where: Path) -> None:
    made_site(where)
    (where / "index.html").write_text("mine")


def a_site_without_its_list(where: Path) -> None:
    made_site(where)
    (where / place.LIST).unlink()


def a_site_with_a_damaged_list(where: Path) -> None:
    made_site(where)
    (where / place.LIST).write_text("{")


def made_site(where: Path) -> None:
    """A site of one page."""
    new = place.scratch(where)
    (new / "_static").mkdir()
    (new / "index.html").write_text("a page")
    (new / "_static" / "a.js").write_text("a script")
    assert place.put(new, where) == ""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(a_file, "is a file; name another folder: convlab site FOLDER", id="a file"),
        pytest.param(a_folder_of_the_reader, "is no site that convlab made", id="a folder of the reader's"),
        pytest.param(a_working_copy, "is no site that convlab made", id="a working copy of the course"),
        pytest.param(a_site_with_a_file_more, "notes.txt is not as convlab site left it", id="a file more"),
        pytest.param(a_site_with_a_changed_page, "index.html is not as convlab site left it", id="a changed page"),
        pytest.param(a_site_without_its_list, "is no site that convlab made", id="no list"),
        pytest.param(a_site_with_a_damaged_list, "is no site that convlab made", id="a damaged list"),
    ],
)
def test_a_folder_that_is_not_ours_is_refused_before_any_work(
    make: Callable[[Path], None],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = tmp_path / "taken"
    make(where)
    before = where.read_bytes() if where.is_file() else contents(where)
    monkeypatch.setattr(running, "run_all", lambda *_, **__: pytest.fail("work was done"))
    assert cli.main(["site", str(where)]) == 1
    assert re.fullmatch(rf"convlab: .*{message}.*\n", capsys.readouterr().err)
    assert (where.read_bytes() if where.is_file() else contents(where)) == before
    assert list(tmp_path.iterdir()) == [where]


def test_a_site_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    where = tmp_path / "site"
    where.mkdir()  # an empty folder is taken
    place.check(where)
    made_site(where)
    place.check(where)
    made_site(where)
    assert list(tmp_path.iterdir()) == [where]


def test_what_comes_while_the_pages_are_made_stays(tmp_path: Path) -> None:
    where = tmp_path / "site"
    made_site(where)
    new = place.scratch(where)
    (new / "index.html").write_text("a newer page")
    (where / "late.txt").write_text("mine")
    assert "late.txt came into" in place.put(new, where)
    (kept,) = tmp_path.rglob("late.txt")
    assert kept.read_text() == "mine"
    assert (where / "index.html").read_text() == "a newer page"


@pytest.mark.parametrize("lacking", [pytest.param(name, id=name) for name in site.TOOLS])
def test_a_tool_that_is_not_installed(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == lacking else found(name))
    assert cli.main(["site", str(tmp_path / "site")]) == 1
    assert capsys.readouterr().err == f"convlab: the pages need {lacking}: pip install 'convlab[course,site]'\n"
    assert list(tmp_path.iterdir()) == []


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CONVLAB_WEB", str(tmp_path / "web"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert cli.main(["site", str(tmp_path / "site")]) == 1
    assert "npm, which is not installed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="the npm of this test is a shell script")
def test_npm_that_fetches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\necho 'no network' >&2\nexit 1\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(npm.parent), prepend=":")
    with pytest.raises(WorkspaceError, match=r"npm cannot fetch @jupyter-widgets/.*is there a network.*no network"):
        scripts.fetch(tmp_path / "web")


def test_a_script_of_another_version_is_fetched_again(web: Path) -> None:
    assert scripts.missing(web) == []
    (web / scripts.LIST).write_text(json.dumps({"require.js": "requirejs@1.0.0"}))
    assert "require.js" in scripts.missing(web)


def test_a_disk_that_is_full(web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    where = tmp_path / "site"
    made_site(where)
    before = contents(where)
    monkeypatch.setattr(running, "run_all", lambda *_, **__: None)
    monkeypatch.setattr(pages, "build", full)
    with pytest.raises(WorkspaceError, match=r"cannot be put into .*site: No space left on device"):
        site.build(where, SMALL)
    assert contents(where) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site", "web"]
