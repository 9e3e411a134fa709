"""The command `convlab`: the course in JupyterLab and as pages, and what a report of a problem needs."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from convlab import card, environment, lab, site, workspace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status: 0 where all is well, 1 where not, 2 where it was not understood.

    Args:
        arguments: The words after `convlab`; those of the command line where they are not given.

    Example:
        >>> main([])
        usage: convlab [-h] [--version] COMMAND ...
        ...
        0
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a path may have letters that the terminal's encoding lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    cut = words.index("--") if "--" in words else len(words)
    parser = _parser()
    parsed = parser.parse_args(words[:cut])
    handed_on = words[cut + 1 :]
    if handed_on and parsed.command != "lab":
        parser.error("options after -- are for JupyterLab: convlab lab -- OPTIONS")
    if parsed.command is None:
        parser.print_help()
        return 0
    try:
        return _COMMANDS[parsed.command](parsed, handed_on)
    except workspace.WorkspaceError as error:
        print(f"convlab: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="convlab", description="A course on convolution in PyTorch, as notebooks.")
    parser.add_argument("--version", action="version", version=f"convlab {environment.own_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    lab_ = commands.add_parser(
        "lab",
        help="open the course in JupyterLab",
        usage="convlab lab [-h] [--no-browser] [--port N] [FOLDER] [-- OPTIONS]",
        description="Put a working copy of the notebooks into a folder and open JupyterLab there. A file that you "
        "changed is never overwritten: what the course has newer lands beside it.",
        epilog="What stands after -- goes to JupyterLab as it is.",
    )
    copy = commands.add_parser(
        "copy",
        help="make your copy of the course, or bring it up to date, and open nothing",
        description="Do what convlab lab does before it opens JupyterLab: what you changed is never overwritten.",
    )
    for command in (lab_, copy):
        _add_path(command, "folder", workspace.FOLDER, "where your copy lies (default: {})")
    lab_.add_argument("--no-browser", action="store_true", help="print the address, open no browser")
    lab_.add_argument("--port", type=int, metavar="N", help="the port on which JupyterLab listens")
    site_ = commands.add_parser(
        "site",
        help="make pages of the course",
        description="Run every notebook, and make a static site of the course: pages that any web server can give, or "
        "a browser can open from the folder. Your own copy stays as it is. It takes some minutes.",
    )
    said = "where the pages are put (default: {}); a site that was made there before is replaced"
    _add_path(site_, "folder", site.FOLDER, said)
    site_.add_argument(
        "--stored", action="store_true", help="take the stored outputs, and run only what the explorers need"
    )
    card_ = commands.add_parser(
        "card",
        help="write the reference card, one page to print",
        description="Write the reference card of notebook 00 as one file that a browser shows, and prints on one page.",
    )
    _add_path(card_, "file", card.FILE, "what it is called (default: {}); a file that is there is replaced")
    commands.add_parser(
        "env",
        help="print what a report of a problem needs",
        description="Print the versions, the devices and the places that matter, and say what is wrong, if anything.",
    )
    drill = commands.add_parser(
        "drill",
        help="practise with questions, as many as you like",
        description="Ask questions on a topic until you end it with q: output_shape, transposed_output_shape, padding, "
        "parameters, macs, receptive_field or error_layer.",
    )
    drill.add_argument("topic", metavar="TOPIC", help="what to ask about, as output_shape")
    commands.add_parser(
        "progress",
        help="print the map of your exercises",
        description="Print what is done and tried, which mistakes were made, and what to review today.",
    )
    return parser


def _add_path(command: argparse.ArgumentParser, name: str, default: str, said: str) -> None:
    """An argument that may be left out: a file or a folder, and its help with the default at {}."""
    help_ = said.format(default)
    command.add_argument(name, nargs="?", type=Path, default=Path(default), metavar=name.upper(), help=help_)


def _copy(parsed: argparse.Namespace, handed_on: Sequence[str] = ()) -> int:
    for line in workspace.prepare(parsed.folder):
        print(line)
    print(f"Your copy of the course: {parsed.folder.absolute()}")
    return 0


def _lab(parsed: argparse.Namespace, handed_on: Sequence[str]) -> int:
    lab.require_jupyterlab()
    _copy(parsed)
    options = ["--no-browser"] if parsed.no_browser else []
    options += [] if parsed.port is None else [f"--port={parsed.port}"]
    return lab.open_lab(parsed.folder, min(workspace.course()), [*options, *handed_on])


def _site(parsed: argparse.Namespace, handed_on: Sequence[str]) -> int:
    site.build(parsed.folder, stored=parsed.stored, tell=lambda line: print(line, flush=True))
    print(f"The pages: {(parsed.folder / 'index.html').absolute()}")
    return 0


def _card(parsed: argparse.Namespace, handed_on: Sequence[str]) -> int:
    print(f"The card: {card.write(parsed.file)}")
    return 0


def _drill(parsed: argparse.Namespace, handed_on: Sequence[str]) -> int:
    from convlab.practice.drill import run

    try:
        run(parsed.topic)
    except ValueError as error:
        print(f"convlab: {error}", file=sys.stderr)
        return 1
    return 0


def _progress(parsed: argparse.Namespace, handed_on: Sequence[str]) -> int:
    from convlab.practice.map import as_text

    print(as_text())
    return 0


def _env(parsed: argparse.Namespace, handed_on: Sequence[str]) -> int:
    findings = environment.check()
    print(environment.report(findings))
    return 1 if any(finding.fault for finding in findings) else 0


_COMMANDS = {
    "lab": _lab,
    "copy": _copy,
    "site": _site,
    "card": _card,
    "env": _env,
    "drill": _drill,
    "progress": _progress,
}
