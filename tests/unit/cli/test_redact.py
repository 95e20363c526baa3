import json
from pathlib import Path
from typing import Any

import pytest

from efface import facade
from efface.cli.main import run
from efface.cli.redact import parse_face_ids
from efface.domain.errors import Cancelled, DamagedMediaError, EffaceError, OutputError, RequestError
from efface.domain.redaction import BlurringKind


class Calls(list[dict[str, Any]]):
    """Stands in for the public call: notes what it is asked, answers or raises by file name."""

    def __init__(self, errors: dict[str, EffaceError]) -> None:
        super().__init__()
        self.errors = errors
        self.extra: dict[str, int] = {}

    def redact(self, path: Path, output: Path, **options: Any) -> facade.Redaction:
        self.append({"path": path, "output": output} | options)
        if path.name in self.errors:
            raise self.errors[path.name]
        kind = BlurringKind.parse(options["kind"])
        return facade.Redaction(path, output, kind, 2, 300, 240, ("one packet was damaged",), **self.extra)


@pytest.fixture
def errors() -> dict[str, EffaceError]:
    return {}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, errors: dict[str, EffaceError]) -> Calls:
    calls = Calls(errors)
    monkeypatch.setattr(facade, "redact", calls.redact)
    monkeypatch.setattr(facade, "default_output", lambda path, folder: Path(folder or "", f"{path.stem}.out"))
    return calls


def test_options_reach_the_call(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["redact", "clip.mp4", "-o", "safe.mp4", "-k", "4", "--index", "clip.efface"]
    arguments += [
        "--exclude",
        "1001,1016",
        "--exclude",
        "1020",
        "--crf",
        "20",
        "--preset",
        "fast",
        "--overwrite",
    ]
    assert run(arguments) == 0
    (call,) = calls
    assert call["output"] == Path("safe.mp4")
    assert call["kind"] == "4"
    assert call["index"] == Path("clip.efface")
    assert call["include"] is None
    assert call["exclude"] == {1001, 1016, 1020}
    assert (call["settings"].crf, call["settings"].preset, call["settings"].keep_metadata) == (
        20,
        "fast",
        False,
    )
    assert call["overwrite"] is True
    captured = capsys.readouterr()
    assert captured.out == "safe.mp4: 2 faces hidden in 240 of 300 frames (Black)\n"
    assert captured.err == "clip.mp4: one packet was damaged\n"


def test_edits_reach_the_call_and_what_they_did_is_told(
    calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    calls.extra = {"num_regions": 1, "num_mutes": 2}
    arguments = ["redact", "clip.mp4", "-o", "safe.mp4", "--edits", "clip.edits.json", "--no-faces"]
    assert run(arguments) == 0
    assert (calls[0]["edits"], calls[0]["faces"]) == (Path("clip.edits.json"), False)
    assert (
        "240 of 300 frames (HighBlur); 1 drawn region treated; sound muted in 2 spans\n"
        in capsys.readouterr().out
    )
    run([*arguments, "--json"])
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["num_regions"], file["num_mutes"]) == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.mp4", "--no-faces"], "--no-faces without --edits leaves nothing to do"),
        (["a.mp4", "--no-faces", "--edits", "e.json", "--include", "1"], "--no-faces treats no face"),
        (["a.mp4", "b.mp4", "--edits", "e.json"], "--edits is for one input"),
    ],
)
def test_edits_that_make_no_sense_are_refused_before_any_work(
    calls: Calls, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(["redact", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert calls == []


def test_default_kind_is_the_same_from_terminal_and_python(calls: Calls) -> None:
    run(["redact", "clip.mp4"])
    python_default = (facade.redact.__kwdefaults__ or {}).get("kind", BlurringKind.HIGH_BLUR)
    assert BlurringKind.parse(calls[0]["kind"]) is python_default is BlurringKind.HIGH_BLUR


def test_bounding_box_warns_that_nothing_is_hidden(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["redact", "clip.mp4", "-k", "BoundingBox"]) == 0
    captured = capsys.readouterr()
    assert "hides nothing" in captured.err
    assert "not hidden" in captured.out


def test_one_failing_input_gives_its_own_code(
    calls: Calls, errors: dict[str, EffaceError], capsys: pytest.CaptureFixture[str]
) -> None:
    errors["clip.mp4"] = DamagedMediaError("clip.mp4 is cut off")
    assert run(["redact", "clip.mp4", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["error"] == {"type": "DamagedMediaError", "message": "clip.mp4 is cut off"}


def test_one_failure_among_several_does_not_stop_the_others(
    calls: Calls, errors: dict[str, EffaceError], capsys: pytest.CaptureFixture[str]
) -> None:
    errors["b.mp4"] = OutputError("out/b.out exists already")
    assert run(["redact", "a.mp4", "b.mp4", "c.mp4", "--output-dir", "out", "--json"]) == 6
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["message"] == "1 of 3 files failed: see the error beside each"
    assert [file.get("output") for file in document["files"]] == ["out/a.out", None, "out/c.out"]
    assert document["files"][1]["error"]["type"] == "OutputError"


def test_cancelling_stops_all_that_follow(
    calls: Calls, errors: dict[str, EffaceError], capsys: pytest.CaptureFixture[str]
) -> None:
    errors["a.mp4"] = Cancelled("stopped on request")
    assert run(["redact", "a.mp4", "b.mp4"]) == 130
    assert [call["path"] for call in calls] == [Path("a.mp4")]
    assert capsys.readouterr().err == "efface: stopped on request\n"


def test_two_inputs_never_share_an_output(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["redact", "x/clip.mp4", "y/clip.mp4", "--output-dir", "out", "--overwrite"]) == 6
    assert [call["path"] for call in calls] == [Path("x/clip.mp4")]
    assert "y/clip.mp4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.mp4", "-o", "b.mp4", "--output-dir", "d"], "--output and --output-dir contradict"),
        (["a.mp4", "--include", "1", "--exclude", "2"], "--include and --exclude contradict"),
        (["a.mp4", "b.mp4", "-o", "c.mp4"], "--output is for one input"),
        (["a.mp4", "b.mp4", "--index", "i"], "--index is for one input"),
        (["a.mp4", "--ids", "1"], "--ids belongs to --annotations"),
        (["a.mp4", "--annotations", "x", "--index", "i"], "--index and --annotations contradict"),
        (["a.mp4", "--annotations", "x", "--include", "1"], "takes its faces from --ids"),
        (["a.mp4", "-k", "Pixelate"], "blurring kind 'Pixelate' is unknown"),
        (["a.mp4", "--include", "Ann"], "face id 'Ann' is not a number"),
    ],
)
def test_contradictions_are_refused_before_any_work(
    calls: Calls, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["redact", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert calls == []


def test_face_ids_are_read_from_lists_and_repetitions() -> None:
    assert parse_face_ids(["1001, 1016", "1020"]) == frozenset({1001, 1016, 1020})
    assert parse_face_ids([]) is None


@pytest.mark.parametrize("text", ["-1", "1001;1016", "٣", "1e3"])
def test_face_ids_that_are_no_numbers_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match="is not a number"):
        parse_face_ids([text])


@pytest.mark.parametrize(
    ("ids", "include"),
    [(None, None), ("3, 7", {3, 7}), ("full_IDList.txt", {7}), ("empty_IDList.txt", None)],
)
def test_old_annotations_bring_their_own_faces(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ids: str | None, include: set[int] | None
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("full_IDList.txt").write_text("7\n")
    Path("empty_IDList.txt").write_text("")
    index = object()
    monkeypatch.setattr(facade, "load_annotations", lambda path, video, progress: index)
    assert run(["redact", "clip.mp4", "--annotations", "a.json", *(["--ids", ids] if ids else [])]) == 0
    assert calls[0]["index"] is index
    assert calls[0]["include"] == include
