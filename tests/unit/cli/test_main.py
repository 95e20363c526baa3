import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

import efface
from efface.cli.main import cli, run

HEAVY = (
    *(
        "alembic",
        "av",
        "cv2",
        "dbos",
        "dlib",
        "fastapi",
        "numpy",
        "obstore",
        "onnxruntime",
        "openvino",
        "PIL",
    ),
    *("pydantic", "rich", "scipy", "sqlalchemy", "structlog", "uvicorn"),
)
"""What takes longer to load than a person who asks for help wants to wait."""


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom efface.cli.main import run\nrun(['--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"efface {efface.__version__}\n"


def words_of_commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from words_of_commands(command, (*before, name))
        elif not command.hidden:
            yield (*before, name)


@pytest.mark.parametrize("words", sorted(words_of_commands(cli)), ids=" ".join)
def test_every_command_has_json_and_help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words, "--help"]) == 0
    assert "--json" in capsys.readouterr().out


def test_usage_error_is_one_sentence_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["redact", "clip.mp4", "--crf", "sharp"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "'sharp' is not a valid integer" in captured.err


def test_usage_error_is_json_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["redact", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["error"] == {"type": "UsageError", "message": "Missing argument 'INPUT...'."}


def test_closed_pipe_is_no_error() -> None:
    program = f"{sys.executable} -m efface --help | head -1"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
