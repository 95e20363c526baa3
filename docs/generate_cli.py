"""Writes docs/cli.md: every ``--help`` as the program prints it. `make docs` runs it, a test compares."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from efface.cli.main import cli
from efface.cli.output import EXIT_CODES

_HEAD = """# The command line

Made by `make docs` out of every `--help`: change the program, not this page.

Results go to stdout; notes, warnings and the progress bar go to stderr. The bar shows only where stderr is a
terminal. With `--json` a command prints exactly one JSON document on stdout. If it fails, the document holds
`{"error": {"type": …, "message": …}}`; `redact` also lists every input under `files`, each with its result or
its error.
"""


def render_reference() -> str:
    """The whole page as text."""
    pages = [_HEAD, "## Exit codes\n", "| code | meaning |\n|---|---|"]
    pages += [f"| {int(code)} | {text} |" for code, text in EXIT_CODES.items()]
    pages.append(_section("efface", []))
    pages += [_section("efface " + " ".join(words), words) for words in _commands(cli, [])]
    return "\n".join(pages) + "\n"


def _commands(group: click.Group, words: list[str]) -> Iterator[list[str]]:
    """The words of each command, those of groups before those in them; hidden ones are left out."""
    for name, command in sorted(group.commands.items()):
        if not command.hidden:
            yield [*words, name]
            if isinstance(command, click.Group):
                yield from _commands(command, [*words, name])


def _section(title: str, arguments: list[str]) -> str:
    # A fixed width, so that the page does not depend on the terminal of whoever makes it.
    result = CliRunner().invoke(cli, [*arguments, "--help"], prog_name="efface", terminal_width=100)
    if result.exit_code != 0:
        raise click.ClickException(f"{title} --help failed: {result.output}")
    return f"\n## {title}\n\n```\n{result.output.rstrip()}\n```"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render_reference(), encoding="utf-8")
