"""The house rules of a notebook. Each rule is a function from a notebook to sentences about what breaks it."""

from __future__ import annotations

import ast
import copy
import functools
import io
import re
import statistics
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import execute
import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import convlab

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
MOST_LINES, MOST_LINES_IN_THE_MIDDLE, MOST_BYTES = 15, 6, 1_500_000
MOST_COLUMNS = 96
"""Those that the formatter keeps to where it can; the pages show as many without scrolling."""

FEWEST_ASSERTS, FEWEST_QUESTIONS = 5, 4
NETWORK = {"aiohttp", "ftplib", "gdown", "http", "httpx", "requests", "socket", "urllib", "urllib3", "wget"}


@dataclass
class Book:
    """A notebook and its place."""

    path: Path
    node: NotebookNode

    @property
    def code(self) -> list[NotebookNode]:
        """The code cells that hold anything."""
        return [cell for cell in self.node.cells if cell.cell_type == "code" and cell.source.strip()]

    @property
    def prose(self) -> list[NotebookNode]:
        """The markdown cells."""
        return [cell for cell in self.node.cells if cell.cell_type == "markdown"]

    @property
    def text(self) -> str:
        """All prose."""
        return "\n\n".join(cell.source for cell in self.prose)

    def section(self, heading: str) -> str | None:
        """The text under `## heading`, up to the next such heading; None if there is none."""
        found = re.search(rf"^## {heading}\s*$(.*?)(?=^##? |\Z)", self.text, re.MULTILINE | re.DOTALL)
        return found and found[1]


def tags(cell: NotebookNode) -> set[str]:
    """The tags of a cell; `exercise:name` is also `exercise`."""
    return {part for tag in cell.metadata.get("tags", []) for part in (tag, tag.split(":")[0])}


def tree(cell: NotebookNode) -> ast.Module:
    """The syntax of a code cell; magics and shell lines are calls of `get_ipython`."""
    return _parsed(cell.source)


@functools.cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(_transformed(source))


def plain_python(cell: NotebookNode) -> str:
    """The source of a code cell, magics and shell lines written as calls."""
    return _transformed(cell.source)


@functools.cache
def _transformed(source: str) -> str:
    found: str = TransformerManager().transform_cell(source)  # type: ignore[no-untyped-call]
    return found


@functools.cache
def read(path: Path) -> NotebookNode:
    """A notebook; every rule is given the same one."""
    found: NotebookNode = nbformat.read(path, as_version=4)
    return found


def calls(cell: NotebookNode) -> Iterator[tuple[str, ast.Call]]:
    """The calls in a code cell, each with its dotted name."""
    for node in ast.walk(tree(cell)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def lengths(book: Book) -> list[str]:
    """A code cell has at most 15 lines of 96 columns, and the middle one at most 6; blank lines do not count."""
    lines = {cell.id: sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in book.code}
    faults = [
        f"{name}: {count} lines; the limit is {MOST_LINES}" for name, count in lines.items() if count > MOST_LINES
    ]
    for cell in book.code:
        widest = max(map(len, cell.source.splitlines()), default=0)
        if widest > MOST_COLUMNS:
            faults.append(f"{cell.id}: a line of {widest} columns; the limit is {MOST_COLUMNS}")
    middle = statistics.median(lines.values()) if lines else 0
    if middle > MOST_LINES_IN_THE_MIDDLE:
        faults.append(f"the median of the code cells is {middle} lines; the limit is {MOST_LINES_IN_THE_MIDDLE}")
    return faults


def opening(book: Book) -> list[str]:
    """The first cell is a title that asks; goals, previous knowledge and time follow."""
    faults = []
    first = book.node.cells[0]
    title = first.source.split("\n")[0] if first.cell_type == "markdown" else ""
    if not re.fullmatch(r"# \S.*\?", title):
        faults.append("the first cell must begin with a title '# ...' that ends in a question mark")
    goals = re.search(r"^\W*You will be able to\W*\n\s*((?:[-*] .*\n?(?:  .*\n?)*)+)", book.text, re.MULTILINE)
    count = len(re.findall(r"^[-*] ", goals[1], re.MULTILINE)) if goals else 0
    if not 3 <= count <= 5:
        faults.append(f"'You will be able to' must be followed by 3 to 5 bullets, not {count}")
    for words in ("Before this", "Time"):
        if not re.search(rf"^[#*\s]*{words}\b", book.text, re.MULTILINE):
            faults.append(f"a line must begin with '{words}'")
    return faults


def imports(book: Book) -> list[str]:
    """One cell imports: the first."""
    kinds = (ast.Import, ast.ImportFrom)
    importing = [cell.id for cell in book.code if any(isinstance(node, kinds) for node in ast.walk(tree(cell)))]
    expected = [cell.id for cell in book.code[:1]]
    return [] if importing == expected else [f"only the first code cell must import, but {importing} do"]


def magics(book: Book) -> list[str]:
    """The first code cell ends with `%load_ext convlab`, so that errors are explained; nothing else is a magic."""
    wanted = "get_ipython().run_line_magic('load_ext', 'convlab')"
    used = [
        (cell.id, ast.unparse(call))
        for cell in book.code
        for name, call in calls(cell)
        if name.startswith("get_ipython()")
    ]
    last = [ast.unparse(node) for cell in book.code[:1] for node in tree(cell).body[-1:]]
    faults = [] if last == [wanted] else ["the first code cell must end with '%load_ext convlab'"]
    others = [place for place in used if place != (book.code[0].id, wanted)]
    return faults + [
        f"{name}: no magic but '%load_ext convlab' in the first code cell: {text}" for name, text in others
    ]


def ending(book: Book) -> list[str]:
    """There is a recap, there are references, and questions or exercises."""
    faults = [f"there must be a section '## {name}'" for name in ("Recap", "References") if not book.section(name)]
    questions = len(re.findall(r"^\d+\. ", book.section("Questions") or "", re.MULTILINE))
    if questions < FEWEST_QUESTIONS and not any("exercise" in tags(cell) for cell in book.code):
        faults.append(f"'## Questions' must have {FEWEST_QUESTIONS} numbered ones, not {questions}, or add exercises")
    return faults


def installs_and_network(book: Book) -> list[str]:
    """No shell, no pip, no change of the path, no network."""
    faults = []
    for cell in book.code:
        for name, call in calls(cell):
            magic = [argument.value for argument in call.args[:1] if isinstance(argument, ast.Constant)]
            if name in ("get_ipython().system", "get_ipython().getoutput", "os.system", "subprocess.run"):
                faults.append(f"{cell.id}: no shell commands")
            if (
                name.startswith("get_ipython()")
                and magic
                and magic[0] in ("pip", "conda", "uv", "sx", "system", "bash")
            ):
                faults.append(f"{cell.id}: no %{magic[0]}")
            if name.startswith("torch.hub."):
                faults.append(f"{cell.id}: no network, but it calls {name}")
        if re.search(r"\bsys\.path\b|\bfrom sys import\b.*\bpath\b", cell.source):
            faults.append(f"{cell.id}: no sys.path")
        for node in ast.walk(tree(cell)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            used = NETWORK.intersection(module.split(".")[0] for module in modules)
            faults += [f"{cell.id}: no network, but it imports {name}" for name in sorted(used)]
    return faults


def silence(book: Book) -> list[str]:
    """Warnings are not silenced."""
    return [
        f"{cell.id}: no warning is silenced"
        for cell in book.code
        for name, call in calls(cell)
        if name.split(".")[-1] in ("filterwarnings", "simplefilter")
        and any(isinstance(value, ast.Constant) and value.value == "ignore" for value in call.args)
    ]


def wording(book: Book) -> list[str]:
    """Never "deconvolution", except to say that it is not one, or in the title of a reference."""
    faults = []
    heading = ""
    for cell in book.node.cells:
        for sentence in re.split(r"(?<=[.!?:;])\s|\n\s*\n|\n(?=\s*(?:[-*|#]|\d+\.))", cell.source):
            if cell.cell_type == "markdown" and sentence.startswith("#"):
                heading = sentence.split("\n")[0].strip("# ")
            excused = re.search(r"\bnot\b", sentence) or (cell.cell_type == "markdown" and heading == "References")
            if re.search(r"deconv", sentence, re.IGNORECASE) and not excused:
                faults.append(f"{cell.id}: 'deconvolution' without 'not' in the same sentence: {sentence.strip()!r}")
    return faults


def claims(book: Book) -> list[str]:
    """There are at least five asserts."""
    count = sum(isinstance(node, ast.Assert) for cell in book.code for node in ast.walk(tree(cell)))
    return [] if count >= FEWEST_ASSERTS else [f"there must be {FEWEST_ASSERTS} asserts, not {count}"]


def run_in_order(book: Book) -> list[str]:
    """Every code cell was run, from top to bottom in a fresh kernel."""
    counts = [cell.execution_count for cell in book.code]
    wanted = list(range(1, len(counts) + 1))
    return [] if counts == wanted else [f"the code cells must be numbered 1 to {len(counts)}, but are {counts}"]


def errors(book: Book) -> list[str]:
    """No stored error, except in a cell that is tagged for it, and nothing on stderr."""
    faults = []
    for cell in book.code:
        for output in cell.outputs:
            if output.output_type == "error" and "raises-exception" not in tags(cell):
                faults.append(f"{cell.id}: a stored error, but no tag 'raises-exception'")
            if output.get("name") == "stderr":
                faults.append(f"{cell.id}: a stored warning or progress on stderr")
    return faults


def size(book: Book) -> list[str]:
    """The file stays under 1.5 MB."""
    count = len(execute.as_bytes(book.node))
    return [] if count < MOST_BYTES else [f"the file has {count} bytes; the limit is {MOST_BYTES}"]


def ids(book: Book) -> list[str]:
    """Cell ids are STEM-NN or STEM-word, each once."""
    names = [cell.get("id", "") for cell in book.node.cells]
    pattern = re.compile(rf"{re.escape(book.path.stem)}-(\d\d+|[a-z][a-z0-9_-]*)")
    faults = [
        f"a cell id must be {book.path.stem}-NN or -word, not {name!r}" for name in names if not pattern.fullmatch(name)
    ]
    return faults + [f"the cell id {name} stands twice" for name in sorted(set(names)) if names.count(name) > 1]


def semicolons(book: Book) -> list[str]:
    """No cell ends in a semicolon: nbval does not know that it hides a result."""
    skip = {tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.DEDENT, tokenize.ENDMARKER}
    faults = []
    for cell in book.code:
        lines = io.StringIO(plain_python(cell)).readline
        tokens = [token for token in tokenize.generate_tokens(lines) if token.type not in skip]
        if tokens and tokens[-1].string == ";":
            faults.append(f"{cell.id}: ends in ';'; assign the result to a name instead")
    return faults


def public_names(book: Book) -> list[str]:
    """A public name of convlab keeps its meaning, except where the reader writes it."""
    protected = set(convlab.__all__) | {"convlab"}
    faults = []
    for cell in book.code:
        module = tree(cell)
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "convlab":
                protected |= {alias.asname or alias.name for alias in node.names}
    for cell in book.code:
        bound = set(top_level_names(tree(cell))) & protected
        if "exercise" not in tags(cell):
            faults += [f"{cell.id}: redefines {name} of convlab" for name in sorted(bound)]
    return faults


def top_level_names(node: ast.AST) -> Iterator[str]:
    """The names that a cell binds outside of functions and classes, imports aside."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif not isinstance(child, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            yield from top_level_names(child)


def this_machine(book: Book) -> list[str]:
    """No output holds an address in memory or a path of a machine."""
    address = re.compile(r"\bat 0x[0-9a-f]+|\b0x[0-9a-f]{9,}", re.IGNORECASE)
    path = re.compile(r"(?<![\w:/.<+-])/[A-Za-z][\w.-]*/[\w.-]|(?<!\w)~/\w|\b[A-Z]:\\\w")
    faults = []
    for cell in book.code:
        for text in map(without_encoded_data, output_texts(cell)):
            faults += [f"{cell.id}: an output holds an address, {hit[0]!r}" for hit in address.finditer(text)]
            faults += [f"{cell.id}: an output holds a path, {hit[0]!r}..." for hit in path.finditer(text)]
    return faults


def without_encoded_data(text: str) -> str:
    """The text without colours, and without pictures inside HTML."""
    return re.sub(r"base64,[\w+/=\s]*", "", execute.ANSI_COLOUR.sub("", text))


def output_texts(cell: NotebookNode) -> Iterator[str]:
    """All that is text in the outputs of a cell."""
    for output in cell.outputs:
        yield output.get("text", "")
        yield output.get("evalue", "")
        yield "\n".join(output.get("traceback", []))
        for kind, value in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield value


def normal_form(book: Book) -> list[str]:
    """What differs from run to run is not stored: `make notebooks` would leave the file as it is."""
    faults = [] if book.node.metadata == execute.METADATA else ["the notebook's metadata must be that of execute.py"]
    if book.node != execute.normalised(copy.deepcopy(book.node)):
        faults.append("the notebook must be stored by `make notebooks`")
    return faults


def links(book: Book) -> list[str]:
    """A relative link leads to a file, and pictures come with the course."""
    faults = []
    for cell in book.prose:
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", cell.source, flags=re.DOTALL)
        targets = re.findall(r"(!?)\[[^\]]*\]\(\s*<?([^)\s>]+)", prose)
        targets += [("!", target) for target in re.findall(r"<img\b[^>]*\bsrc=[\"']([^\"']+)", prose)]
        for picture, target in targets:
            remote = re.match(r"[a-z][a-z0-9+.-]*:", target)
            if picture and re.match(r"(https?:)?//", target):
                faults.append(f"{cell.id}: a picture from the network, {target}")
            elif not remote and target[0] != "#" and not (book.path.parent / target.split("#")[0]).exists():
                faults.append(f"{cell.id}: a link to {target}, which is not there")
    return faults


RULES: list[Callable[[Book], list[str]]] = [
    lengths,
    opening,
    imports,
    magics,
    ending,
    installs_and_network,
    silence,
    wording,
    claims,
    run_in_order,
    errors,
    size,
    ids,
    semicolons,
    public_names,
    this_machine,
    normal_form,
    links,
]


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.__name__) for rule in RULES])
@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in NOTEBOOKS])
def test_notebook(path: Path, rule: Callable[[Book], list[str]]) -> None:
    assert rule(Book(path, read(path))) == []


# The rules themselves: a notebook that follows them, and one change for each way to break them.

TITLE = """# Window: what does one slide compute?

**You will be able to**

- predict the output size
- compute one output
- name the mistake

**Before this:** nothing

**Time:** 10 minutes"""
END = """## Questions

1. What is the size for 5 and 3?
2. And for 6?
3. And for 7?
4. Why?

## Recap

The window slides; see [the beginning](#window) and [this file](00_window.ipynb).

## References

- A. Odena and others, *Deconvolution and checkerboard artifacts*, 2016, [distill](https://distill.pub/2016)."""
CODE = [
    "import torch\n\nimport convlab\n\ntorch.manual_seed(0)\n%load_ext convlab",
    "size = convlab.conv_output_size(5, 3)\nassert size == 3\nprint(size)",
    "assert convlab.conv_output_size(6, 3) == 4\nassert convlab.conv_output_size(7, 3) == 5",
    "half = size / 2",
    "assert convlab.same_padding(3) == (1, 1)\nassert [conv for conv in [1]] == [1]\nsize",
]


@pytest.fixture
def good(tmp_path: Path) -> Book:
    """A short notebook that follows every rule."""
    cells = [new_markdown_cell(TITLE), *map(new_code_cell, CODE), new_markdown_cell(END)]
    cells.insert(3, new_markdown_cell("A transposed convolution is not a deconvolution. It has weights `[3](5)`."))
    for number, cell in enumerate(cells):
        cell.id = f"00_window-{number:02d}"
    node = new_notebook(cells=cells)
    cells[2].outputs = [new_output("stream", name="stdout", text="3\n")]
    cells[6].outputs = [new_output("execute_result", data={"text/plain": "3 of (N, C_in/groups, H/2, W/2) 0x3f80"})]
    path = tmp_path / "00_window.ipynb"
    path.touch()
    return Book(path, execute.normalised(node))


def prose(text: str) -> Callable[[Book], None]:
    """One more markdown cell, before the questions."""

    def change(book: Book) -> None:
        book.node.cells.insert(-1, new_markdown_cell(text, id="00_window-more"))

    return change


def code(source: str, *tags: str, outputs: list[NotebookNode] | None = None) -> Callable[[Book], None]:
    """One more code cell at the end, run."""

    def change(book: Book) -> None:
        cell = new_code_cell(source, id="00_window-more", outputs=outputs or [])
        cell.metadata = nbformat.from_dict({"tags": list(tags)} if tags else {})
        book.node.cells.append(cell)
        execute.normalised(book.node)

    return change


def replace(old: str, new: str) -> Callable[[Book], None]:
    """Another wording, in every cell."""

    def change(book: Book) -> None:
        assert any(old in cell.source for cell in book.node.cells)
        for cell in book.node.cells:
            cell.source = cell.source.replace(old, new)

    return change


def printing(text: str) -> Callable[[Book], None]:
    """One more code cell that prints this."""
    return code("show()", outputs=[new_output("stream", name="stdout", text=text)])


def assign(key: str, value: object, cell: int = 2) -> Callable[[Book], None]:
    """Another value in one cell."""

    def change(book: Book) -> None:
        book.node.cells[cell][key] = value

    return change


def metadata(key: str, value: object) -> Callable[[Book], None]:
    """One more entry in the notebook's metadata."""

    def change(book: Book) -> None:
        book.node.metadata[key] = value

    return change


def nothing(book: Book) -> None:
    """The notebook as it is."""


STORED_ERROR = new_output("error", ename="ValueError", evalue="no", traceback=["ValueError: no"])
WARNING = new_output("stream", name="stderr", text="UserWarning")
PATH = "/".join(["", "usr", "lib", "torch.py"])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(nothing, id="as it is"),
        pytest.param(code("x = 1\n" * 15), id="15 lines"),
        pytest.param(code(f"x = '{'x' * 90}'"), id="96 columns"),
        pytest.param(prose("A [page](https://example.org), `deconv` is not a good name."), id="a link to a page"),
        pytest.param(code("def conv(x):\n    return x", "exercise"), id="the reader writes conv"),
        pytest.param(code("def conv(x):\n    return x", "exercise:conv"), id="the reader writes conv, with a name"),
        pytest.param(code("def mine(data):\n    conv = data\n    return conv"), id="a local name"),
        pytest.param(code("1 / 0", "raises-exception", outputs=[STORED_ERROR]), id="a wanted error"),
        pytest.param(code("s = ';'  # not the end;"), id="a semicolon in a text"),
        pytest.param(printing("1/2/3, a/b/c, https://example.org/a/b, </a/b>"), id="slashes that are no path"),
    ],
)
def test_a_good_notebook_passes(change: Callable[[Book], None], good: Book) -> None:
    change(good)
    assert {rule.__name__: rule(good) for rule in RULES if rule(good)} == {}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        pytest.param(code("x = 1\n" * 16), lengths, id="16 lines"),
        pytest.param(code(f"x = '{'x' * 91}'"), lengths, id="97 columns"),
        pytest.param(replace("assert", "x = 1\nx = 1\nx = 1\nx = 1\nassert"), lengths, id="7 lines in the middle"),
        pytest.param(replace("compute?", "compute."), opening, id="a title that does not ask"),
        pytest.param(replace("# Window", "## Window"), opening, id="no title"),
        pytest.param(assign("cell_type", "raw", cell=0), opening, id="no prose at the beginning"),
        pytest.param(replace("You will be able to", "We will see"), opening, id="no goals"),
        pytest.param(replace("- name the mistake\n", ""), opening, id="two goals"),
        pytest.param(replace("- name the", "- a\n- b\n- c\n- name the"), opening, id="six goals"),
        pytest.param(replace("**Before this:**", "There is"), opening, id="no previous knowledge"),
        pytest.param(replace("**Time:** 10 minutes", ""), opening, id="no time"),
        pytest.param(code("import math"), imports, id="an import at the end"),
        pytest.param(code("def f():\n    from math import pi"), imports, id="an import in a function"),
        pytest.param(replace("\n%load_ext convlab", ""), magics, id="errors are not explained"),
        pytest.param(replace("%load_ext convlab", "%load_ext convlab\nx = 1"), magics, id="not the last line"),
        pytest.param(replace("%load_ext convlab", "%load_ext autoreload"), magics, id="another extension"),
        pytest.param(code("%load_ext convlab"), magics, id="the extension twice"),
        pytest.param(code("%matplotlib inline"), magics, id="another magic"),
        pytest.param(code("%%time\nsize"), magics, id="a cell with a magic"),
        pytest.param(replace("## Recap", "## Summary"), ending, id="no recap"),
        pytest.param(replace("## References", "### References"), ending, id="no references"),
        pytest.param(replace("4. Why?", ""), ending, id="three questions"),
        pytest.param(code("!ls"), installs_and_network, id="a shell command"),
        pytest.param(code("files = !ls"), installs_and_network, id="a shell command with a result"),
        pytest.param(code("!pip install torch"), installs_and_network, id="pip in a shell"),
        pytest.param(code("%pip install torch"), installs_and_network, id="pip as a magic"),
        pytest.param(code("%%bash\nls"), installs_and_network, id="a cell of bash"),
        pytest.param(replace("import torch", "import sys\nsys.path.append('..')"), installs_and_network, id="sys.path"),
        pytest.param(replace("import torch", "import requests"), installs_and_network, id="requests"),
        pytest.param(replace("import torch", "from urllib import request"), installs_and_network, id="urllib"),
        pytest.param(code("torch.hub.load('a', 'b')"), installs_and_network, id="torch.hub"),
        pytest.param(code("warnings.filterwarnings('ignore')"), silence, id="filterwarnings"),
        pytest.param(code("warnings.simplefilter(action, 'ignore')"), silence, id="simplefilter"),
        pytest.param(prose("The deconvolution makes it larger. It is not hard."), wording, id="the wrong name"),
        pytest.param(code("x = 1  # Deconvolution"), wording, id="the wrong name in a comment"),
        pytest.param(replace("is not a deconvolution", "is a deconvolution"), wording, id="the wrong claim"),
        pytest.param(replace("assert [conv", "claim = [conv"), claims, id="four asserts"),
        pytest.param(assign("execution_count", 7), run_in_order, id="another order"),
        pytest.param(assign("execution_count", None), run_in_order, id="not run"),
        pytest.param(code("1 / 0", outputs=[STORED_ERROR]), errors, id="an unwanted error"),
        pytest.param(code("warn()", outputs=[WARNING]), errors, id="a warning"),
        pytest.param(printing("x" * 1_500_000), size, id="too large"),
        pytest.param(assign("id", "a1b2c3d4"), ids, id="a random id"),
        pytest.param(assign("id", "01_window-02"), ids, id="another notebook's id"),
        pytest.param(assign("id", "00_window-01"), ids, id="an id twice"),
        pytest.param(code("size;"), semicolons, id="a semicolon"),
        pytest.param(code("size;  # hidden\n\n"), semicolons, id="a semicolon before a comment"),
        pytest.param(code("def conv(x):\n    return x"), public_names, id="a function of ours"),
        pytest.param(code("data = 1"), public_names, id="a module of ours"),
        pytest.param(code("for conv, b in []:\n    pass"), public_names, id="a loop over our name"),
        pytest.param(
            replace("import convlab\n", "import convlab\nfrom convlab.arithmetic import taps\n\ntaps = 3"),
            public_names,
            id="an imported name of ours",
        ),
        pytest.param(printing("<Line2D at 0x7f>"), this_machine, id="an address"),
        pytest.param(printing("id 0x7f72c5295f50"), this_machine, id="a long address"),
        pytest.param(printing(f"from {PATH}"), this_machine, id="a path"),
        pytest.param(printing("~/torch"), this_machine, id="a path in the home folder"),
        pytest.param(printing("C:\\torch"), this_machine, id="a path in Windows"),
        pytest.param(
            code("x", outputs=[new_output("execute_result", data={"text/html": f"<b>{PATH}</b> {PATH}"})]),
            this_machine,
            id="a path in HTML",
        ),
        pytest.param(metadata("widgets", {}), normal_form, id="widget state"),
        pytest.param(metadata("language_info", {"name": "python", "version": "3"}), normal_form, id="a version"),
        pytest.param(assign("metadata", {"execution": {}}), normal_form, id="timings"),
        pytest.param(prose("See [next](01_next.ipynb)."), links, id="a link to nowhere"),
        pytest.param(prose("![a](https://example.org/a.png)"), links, id="a remote picture"),
        pytest.param(prose("<img alt='a' src='//example.org/a.png'>"), links, id="a remote picture in HTML"),
        pytest.param(prose("![a](a.png)"), links, id="a picture that is not there"),
    ],
)
def test_refused(change: Callable[[Book], None], rule: Callable[[Book], list[str]], good: Book) -> None:
    change(good)
    assert rule(good)
