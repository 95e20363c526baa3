"""What every command says and how it ends: text or JSON on stdout, notes on stderr, an exit code."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TextIO

import click

from efface.domain.errors import (
    Cancelled,
    ConfigurationError,
    ConflictError,
    EffaceError,
    InputError,
    NotFoundError,
    OutputError,
    QueueFullError,
    RequestError,
    SegmentError,
    ServiceUnavailableError,
    WeightsError,
)
from efface.domain.text import printable

P = ParamSpec("P")


class ExitCode(IntEnum):
    """How a command ended. The text beside each is printed in ``efface --help`` and docs/cli.md."""

    OK = 0
    UNEXPECTED = 1
    REQUEST = 2
    INPUT = 3
    OUTPUT = 4
    WEIGHTS = 5
    SOME_FAILED = 6
    SETUP = 7
    INTERRUPTED = 130
    TERMINATED = 143


EXIT_CODES: Mapping[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.UNEXPECTED: "a bug in efface; a traceback is on stderr",
    ExitCode.REQUEST: "an option or a value that cannot be used",
    ExitCode.INPUT: "an input file that is missing, damaged, too large or not media",
    ExitCode.OUTPUT: "the result cannot be written",
    ExitCode.WEIGHTS: "network weights are missing, altered or cannot run",
    ExitCode.SOME_FAILED: "of several inputs at least one failed; the others are done",
    ExitCode.SETUP: "a setting, the database or the object store of the service cannot be used",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C; nothing half-written is left",
    ExitCode.TERMINATED: "stopped by SIGTERM; nothing half-written is left",
}

_CODE_OF_ERROR: tuple[tuple[type[EffaceError], ExitCode], ...] = (
    (RequestError, ExitCode.REQUEST),  # before InputError, whose child it is
    (InputError, ExitCode.INPUT),
    (OutputError, ExitCode.OUTPUT),
    (WeightsError, ExitCode.WEIGHTS),
    (ConfigurationError, ExitCode.SETUP),
    (ServiceUnavailableError, ExitCode.SETUP),
    (QueueFullError, ExitCode.SETUP),
    (NotFoundError, ExitCode.REQUEST),
    (ConflictError, ExitCode.REQUEST),
    (SegmentError, ExitCode.OUTPUT),
    (Cancelled, ExitCode.INTERRUPTED),
)


def exit_code_of(error: EffaceError) -> ExitCode:
    """The exit code that tells this kind of error."""
    return next((code for kind, code in _CODE_OF_ERROR if isinstance(error, kind)), ExitCode.UNEXPECTED)


def error_document(error: EffaceError) -> dict[str, str]:
    """``{"type", "message"}`` of an error, as ``--json`` prints it under ``"error"``."""
    return {"type": error.error_type, "message": str(error)}


def to_jsonable(value: object) -> Any:
    """Turn a result into what JSON can hold: records to objects, exact fractions to ``"30000/1001"``."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_jsonable(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, Fraction | Path):
        return str(value)
    if isinstance(value, Iterable):
        return [to_jsonable(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_json(document: object) -> None:
    """Print one JSON document on stdout."""
    plain = to_jsonable(document)
    text = json.dumps(plain, ensure_ascii=False, indent=2)
    try:
        text.encode(_encoding(sys.stdout))
    except UnicodeEncodeError:
        # A file name that is not UTF-8, or a terminal of another encoding.
        text = json.dumps(plain, indent=2)
    click.echo(text)


def print_line(text: str) -> None:
    """Print one line of a result on stdout."""
    click.echo(_one_line(text, _encoding(sys.stdout)))


def note(text: str) -> None:
    """Tell people something in one line on stderr, where it does not mix with results."""
    click.echo(_one_line(text, _encoding(sys.stderr)), err=True)


def _encoding(stream: TextIO | None) -> str:
    """How a stream writes text; a closed one (``>&-``) is None and takes anything."""
    return getattr(stream, "encoding", None) or "utf-8"


def _one_line(text: str, encoding: str) -> str:
    """The text without what could steer a terminal or fail to be printed: file names hold anything."""
    return printable(text, "?").encode(encoding, "replace").decode(encoding)


def counted(number: int, noun: str) -> str:
    """``"1 face"``, ``"2 faces"``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def fail(error: EffaceError, as_json: bool) -> NoReturn:
    """Report the error and end the command with its exit code."""
    raise click.exceptions.Exit(report_failure(error_document(error), exit_code_of(error), as_json))


def report_failure(error: Mapping[str, str], code: ExitCode, as_json: bool) -> int:
    """Print the error as JSON on stdout or as a sentence on stderr; gives the exit code."""
    if as_json:
        print_json({"error": error})
    else:
        note(f"efface: {error['message']}")
    return int(code)


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout, errors too."
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace an output that exists already; never the input."
)


detector_option = click.option(
    "--detector",
    metavar="ONNX",
    type=click.Path(path_type=Path),
    help="Weights of your own that find the faces, of the CenterFace or YuNet family.  [default: CenterFace]",
)
backend_option = click.option(
    "--backend",
    type=click.Choice(["openvino", "onnxruntime"]),
    default="openvino",
    show_default=True,
    help="Who runs the detector; onnxruntime uses CUDA where its GPU build is installed.",
)


def exit_codes_text() -> str:
    """The table of exit codes for the end of ``efface --help``."""
    return "\b\nExit codes:\n" + "\n".join(f"  {int(code):>3}  {text}" for code, text in EXIT_CODES.items())


def command_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that errors raised on purpose are reported, not thrown at the user."""
    import functools

    @functools.wraps(command)
    def reporting(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except EffaceError as error:
            fail(error, as_json=bool(kwargs.get("as_json")))

    return reporting
