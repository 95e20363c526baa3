"""The documents say what is true: commands, options, layers, versions and links."""

import re
import tomllib
from pathlib import Path

import pytest

import efface
from docs.generate_cli import render_reference
from docs.generate_settings import render_settings
from efface.cli.main import cli
from efface.domain.redaction import BlurringKind

PROJECT = Path(__file__).parents[2]
PAGES = sorted(
    [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md"), *(PROJECT / "benchmarks").glob("*.md")]
)


def text_of(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def test_cli_page_prints_every_help_as_it_is() -> None:
    assert text_of("docs/cli.md") == render_reference(), "run `make docs`"


def test_settings_page_tells_every_setting_as_it_is() -> None:
    assert text_of("docs/settings.md") == render_settings(), "run `make docs`"


@pytest.mark.parametrize(
    "command", sorted(name for name, command in cli.commands.items() if not command.hidden)
)
def test_every_command_is_in_the_cli_page(command: str) -> None:
    assert f"## efface {command}\n" in text_of("docs/cli.md")


def test_commands_in_the_readme_parse() -> None:
    lines = re.findall(r"^efface (.+?)(?: +#.*)?$", text_of("README.md"), re.MULTILINE)
    assert len(lines) >= 7
    for line in lines:
        name, *arguments = line.split()
        cli.commands[name].make_context(name, arguments)


def test_python_in_the_readme_compiles_and_names_what_exists() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", text_of("README.md"), re.DOTALL)
    compile(example, "README.md", "exec")
    for name in re.findall(r"\befface\.(\w+)", example):
        assert name in efface.__all__


def test_readme_lists_every_kind_with_its_number() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d) \|", text_of("README.md"), re.MULTILINE))
    assert rows == {kind.wire_name: str(int(kind)) for kind in BlurringKind}


def test_architecture_lists_the_layers_that_are_enforced() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = [layer.replace(" : ", " | ") for layer in contracts[0]["layers"]]
    assert " > ".join(layers) in " ".join(text_of("docs/ARCHITECTURE.md").split())


def test_layers_are_those_that_exist() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    listed = {name for layer in contracts[0]["layers"] for name in layer.split(" : ")}
    package = PROJECT / "src" / "efface"
    existing = {
        path.stem
        for path in package.iterdir()
        if not path.name.startswith("_") and path.suffix in {"", ".py"}
    }
    assert listed == existing


def test_version_is_the_same_everywhere() -> None:
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    released = re.findall(r"^## \[(\d[^\]]*)\]", text_of("CHANGELOG.md"), re.MULTILINE)
    assert efface.__version__ == version == released[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "word", ["setup", "redact", "test", "test-media", "check", "bench", "docs", "lock", "clean"]
)
def test_make_explains_its_words(word: str) -> None:
    assert re.search(rf"^{word}:.*## \S", text_of("Makefile"), re.MULTILINE)


def test_decisions_are_short_and_numbered_in_order() -> None:
    pages = sorted((PROJECT / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    assert all(len(page.read_text().splitlines()) <= 40 for page in pages)


@pytest.mark.parametrize("name", ["sign-in", "library", "review", "result"])
@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_every_page_has_a_picture_that_is_small(name: str, view: str) -> None:
    """`make docs-images` makes them; a repository keeps every version for ever."""
    picture = PROJECT / "docs" / "images" / f"{name}-{view}.png"
    assert 1_000 < picture.stat().st_size < 150_000
