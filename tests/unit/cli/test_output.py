import json
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from efface.cli.output import (
    EXIT_CODES,
    ExitCode,
    counted,
    exit_code_of,
    note,
    print_json,
    print_line,
    to_jsonable,
)
from efface.domain import errors
from efface.domain.errors import EffaceError
from efface.domain.geometry import Orientation, Size


def leaves(kind: type[EffaceError]) -> list[type[EffaceError]]:
    children = kind.__subclasses__()
    return [kind] + [leaf for child in children for leaf in leaves(child)]


EXPECTED = {
    "RequestError": ExitCode.REQUEST,
    "UnknownFaceError": ExitCode.REQUEST,
    "InputError": ExitCode.INPUT,
    "MediaNotFoundError": ExitCode.INPUT,
    "UnsupportedMediaError": ExitCode.INPUT,
    "NoVideoError": ExitCode.INPUT,
    "DamagedMediaError": ExitCode.INPUT,
    "MediaTooLargeError": ExitCode.INPUT,
    "IndexFormatError": ExitCode.INPUT,
    "EditsFormatError": ExitCode.INPUT,
    "IndexMismatchError": ExitCode.INPUT,
    "OutputError": ExitCode.OUTPUT,
    "DiskFullError": ExitCode.OUTPUT,
    "SegmentError": ExitCode.OUTPUT,
    "WeightsError": ExitCode.WEIGHTS,
    "ConfigurationError": ExitCode.SETUP,
    "ServiceUnavailableError": ExitCode.SETUP,
    "QueueFullError": ExitCode.SETUP,
    "NotFoundError": ExitCode.REQUEST,
    "AccountNotFoundError": ExitCode.REQUEST,
    "VideoNotFoundError": ExitCode.REQUEST,
    "JobNotFoundError": ExitCode.REQUEST,
    "ArtifactNotFoundError": ExitCode.REQUEST,
    "SourceDeletedError": ExitCode.REQUEST,
    "ConflictError": ExitCode.REQUEST,
    "VideoBusyError": ExitCode.REQUEST,
    "DuplicateVideoError": ExitCode.REQUEST,
    "EditsChangedError": ExitCode.REQUEST,
    "VideoChangedError": ExitCode.REQUEST,
    "Cancelled": ExitCode.INTERRUPTED,
}


@pytest.mark.parametrize(
    "kind", [kind for kind in leaves(EffaceError)[1:] if kind.__module__ == errors.__name__]
)
def test_every_error_has_its_exit_code(kind: type[EffaceError]) -> None:
    arguments = {errors.UnknownFaceError: ([7], [1]), errors.EditsChangedError: (1, 2)}.get(
        kind, ("sentence",)
    )
    error = kind(*arguments)
    assert exit_code_of(error) is EXPECTED[kind.__name__]


def test_every_exit_code_is_explained() -> None:
    assert set(EXIT_CODES) == set(ExitCode)


def test_records_become_plain_objects_with_exact_fractions() -> None:
    value = {
        "size": Size(640, 480),
        "rate": Fraction(30000, 1001),
        "orientation": Orientation.TURNED_90,
        "path": Path("a.mp4"),
        "ids": (1, 2),
        "none": None,
    }
    assert to_jsonable(value) == {
        "size": {"width": 640, "height": 480},
        "rate": "30000/1001",
        "orientation": "turned_90",
        "path": "a.mp4",
        "ids": [1, 2],
        "none": None,
    }


def test_what_has_no_json_form_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        to_jsonable(object())


def test_a_line_is_one_line_whatever_a_file_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    note("efface: a\nb\x1b[31m\udcff.mp4 does not exist")
    print_line("ä\tb.mp4: done")
    captured = capsys.readouterr()
    assert captured.err == "efface: a?b?[31m?.mp4 does not exist\n"
    assert captured.out == "ä?b.mp4: done\n"


def test_json_tells_names_that_are_no_utf8(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"input": Path("ä\udcff.mp4")})
    assert json.loads(capsys.readouterr().out) == {"input": "ä\udcff.mp4"}


def test_things_are_counted_as_people_do() -> None:
    assert [counted(number, "face") for number in (0, 1, 2)] == ["0 faces", "1 face", "2 faces"]


def test_a_closed_stdout_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    print_line("ä.mp4: done")
    print_json({"output": "ä.mp4"})
