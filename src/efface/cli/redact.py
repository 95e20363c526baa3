"""``efface redact``: hide faces in videos and pictures."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from efface.cli.output import (
    ExitCode,
    backend_option,
    command_errors,
    counted,
    detector_option,
    error_document,
    exit_code_of,
    json_option,
    note,
    overwrite_option,
    print_json,
    print_line,
    quiet_option,
)
from efface.domain.errors import Cancelled, EffaceError, RequestError
from efface.domain.redaction import BlurringKind

if TYPE_CHECKING:
    from efface.cli.progress import StopSignals
    from efface.facade import Redaction
    from efface.index.model import FaceIndex


class RedactOptions(TypedDict):
    """What click hands over; the help of each option says what it is."""

    inputs: tuple[Path, ...]
    output: Path | None
    output_dir: Path | None
    kind: str
    index: Path | None
    include: frozenset[int] | None
    exclude: frozenset[int] | None
    no_faces: bool
    edits: Path | None
    annotations: Path | None
    ids: str | None
    detector: Path | None
    backend: str
    crf: int | None
    preset: str | None
    keep_metadata: bool
    overwrite: bool
    quiet: bool
    as_json: bool


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How one input ended: with a result or an error."""

    input: Path
    result: "Redaction | None" = None
    error: EffaceError | None = None

    def document(self) -> dict[str, Any]:
        """For ``--json``."""
        if self.error is not None:
            return {"input": self.input, "error": error_document(self.error)}
        result = self.result
        assert result is not None
        return {
            "input": self.input,
            "output": result.output,
            "kind": result.kind.wire_name,
            "num_faces": result.num_faces,
            "num_frames": result.num_frames,
            "num_masked_frames": result.num_masked_frames,
            "num_regions": result.num_regions,
            "num_mutes": result.num_mutes,
            "notices": result.notices,
        }


def parse_face_ids(texts: Sequence[str]) -> frozenset[int] | None:
    """Read comma lists of face ids, ``("1001,1016", "1020")``; None where no list was given.

    Raises:
        RequestError: something in a list is not a number.
    """
    if not texts:
        return None
    words = [word for text in texts for word in text.replace(",", " ").split()]
    wrong = [word for word in words if not word.isascii() or not word.isdigit()]
    if wrong:
        raise RequestError(f"face id {wrong[0]!r} is not a number: write ids like 1001,1016")
    return frozenset(map(int, words))


def _face_ids(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> frozenset[int] | None:
    try:
        return parse_face_ids(texts)
    except RequestError as error:
        raise click.BadParameter(str(error)) from error


_KINDS = ", ".join(f"{kind.wire_name} ({int(kind)})" for kind in BlurringKind)
_FILE = click.Path(path_type=Path)


@click.command(short_help="Hide faces in videos and pictures.")
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=_FILE)
@click.option(
    "-o",
    "--output",
    type=_FILE,
    help="Output file. Its suffix chooses the container.  "
    "[default: <name>.redacted.<suffix> beside the input]",
)
@click.option("--output-dir", type=_FILE, help="Folder for the outputs, made if it is missing.")
@click.option(
    "-k",
    "--blurring-kind",
    "kind",
    metavar="KIND",
    default=BlurringKind.HIGH_BLUR.wire_name,
    show_default=True,
    help=f"How a face is hidden, by name or number: {_KINDS}. BoundingBox draws "
    "a box and hides nothing. The default is stronger than Azure's, which is MediumBlur.",
)
@click.option(
    "--index", type=_FILE, help="Folder that `efface index` made of the same video: saves the search."
)
@click.option(
    "--include",
    metavar="IDS",
    multiple=True,
    callback=_face_ids,
    help="Hide only these faces, e.g. 1001,1016. May be repeated.",
)
@click.option(
    "--exclude",
    metavar="IDS",
    multiple=True,
    callback=_face_ids,
    help="Hide everybody but these faces. May be repeated.",
)
@click.option(
    "--edits",
    type=_FILE,
    help="Corrections by hand: people put right, regions drawn over anything else, sound muted. "
    "docs/edits-format.md describes the file. Those that name faces or tracks belong to an --index.",
)
@click.option(
    "--no-faces", is_flag=True, help="Leave all faces as they are: do only what --edits draws and mutes."
)
@click.option(
    "--annotations", type=_FILE, help="annotations.json of the retired Azure Media Redactor, as index."
)
@click.option(
    "--ids",
    metavar="IDS|FILE",
    help="With --annotations: the faces to hide, as a list or as the old "
    "ID list file; all of them where it is left out.",
)
@detector_option
@backend_option
@click.option(
    "--crf",
    type=click.IntRange(0, 63),
    help="Quality on the encoder's own scale; lower is better.  [default: looks like the source]",
)
@click.option("--preset", metavar="NAME", help="Encoder speed by x264's names, ultrafast to veryslow.")
@click.option(
    "--keep-metadata", is_flag=True, help="Keep title, place, device and date, which identify people."
)
@overwrite_option
@quiet_option
@json_option
@command_errors
def redact(**options: Unpack[RedactOptions]) -> None:
    """Hide the faces in videos and pictures: all of them, or those you choose by number.

    Sound, subtitles, size and timing stay as they are, but for what --edits mutes. The input is never
    changed, and an output appears under its name only when it is whole.
    """
    _check_combination(options)
    if not BlurringKind.parse(options["kind"]).hides:
        note("efface: BoundingBox draws boxes and hides nothing: do not publish the result as redacted")
    code, document = _redact_all(options)
    if options["as_json"]:
        print_json(document)
    raise click.exceptions.Exit(int(code))


def _check_combination(options: RedactOptions) -> None:
    """Refuse options that contradict one another before any work is done."""
    if options["output"] is not None and options["output_dir"] is not None:
        raise RequestError("--output and --output-dir contradict each other: give one of them")
    if options["include"] is not None and options["exclude"] is not None:
        raise RequestError("--include and --exclude contradict each other: give one of them")
    if options["index"] is not None and options["annotations"] is not None:
        raise RequestError("--index and --annotations contradict each other: give one of them")
    if options["ids"] is not None and options["annotations"] is None:
        raise RequestError("--ids belongs to --annotations: use --include with an index")
    if options["annotations"] is not None and (options["include"] or options["exclude"]):
        raise RequestError("--annotations takes its faces from --ids: leave --include and --exclude out")
    if options["no_faces"]:
        if options["edits"] is None:
            raise RequestError("--no-faces without --edits leaves nothing to do: give the edits")
        if any(options[name] is not None for name in ("include", "exclude", "ids")):
            raise RequestError("--no-faces treats no face: leave --include, --exclude and --ids out")
    if len(options["inputs"]) > 1:
        for name in ("output", "index", "annotations", "include", "exclude", "edits"):
            if options[name] is not None:
                raise RequestError(f"--{name} is for one input: give the inputs one by one")


def _redact_all(options: RedactOptions) -> tuple[ExitCode, dict[str, Any]]:
    """Redact input after input; gives the exit code and the ``--json`` document."""
    from efface.cli.progress import stop_signals

    outcomes: list[_Outcome] = []
    with stop_signals() as signals:
        for path in options["inputs"]:
            done = {outcome.result.output for outcome in outcomes if outcome.result is not None}
            outcome = _redact_one(path, options, signals, done)
            outcomes.append(outcome)
            if not options["as_json"]:
                _print_outcome(outcome)
            if isinstance(outcome.error, Cancelled):
                break
    code, error = _verdict(outcomes, signals.received)
    document: dict[str, Any] = {"files": [outcome.document() for outcome in outcomes]}
    return code, document | ({"error": error} if error else {})


def _redact_one(path: Path, options: RedactOptions, signals: "StopSignals", done: Set[Path]) -> _Outcome:
    """Redact one input; ``done`` are the outputs of this run, which no later input may replace."""
    from efface import facade
    from efface.cli.progress import shown_progress
    from efface.domain.media import EncodeSettings

    try:
        output = options["output"] or facade.default_output(path, options["output_dir"])
        if output in done:
            raise RequestError(f"{path} would replace {output}, made just now from another input: rename it")
        with shown_progress(signals, path.name, options["quiet"]) as progress:
            index: Path | FaceIndex | None = options["index"]
            include = options["include"]
            if options["annotations"] is not None:
                index = facade.load_annotations(options["annotations"], path, progress=progress)
                include = _old_ids(options["ids"])
            result = facade.redact(
                path,
                output,
                kind=options["kind"],
                include=include,
                exclude=options["exclude"],
                faces=not options["no_faces"],
                index=index,
                edits=options["edits"],
                detector=facade.choose_detector(options["detector"], options["backend"]),
                settings=EncodeSettings(options["crf"], options["preset"], options["keep_metadata"]),
                overwrite=options["overwrite"],
                progress=progress,
            )
    except EffaceError as error:
        return _Outcome(path, error=error)
    return _Outcome(path, result)


def _old_ids(ids: str | None) -> frozenset[int] | None:
    """Faces that go with old annotations, from a list or an ID list file; None stands for everybody."""
    from efface import facade

    if ids is None:
        return None
    # An empty ID list means everybody to Media Redactor.
    return (facade.load_id_list(ids) or None) if Path(ids).is_file() else parse_face_ids([ids])


def _verdict(
    outcomes: Sequence[_Outcome], signal_number: int | None
) -> tuple[ExitCode, dict[str, str] | None]:
    """Exit code and top-level error of the whole run."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not errors:
        return ExitCode.OK, None
    if isinstance(errors[-1], Cancelled):
        return ExitCode(128 + (signal_number or 2)), error_document(errors[-1])
    if len(outcomes) == 1:
        return exit_code_of(errors[0]), error_document(errors[0])
    message = f"{len(errors)} of {len(outcomes)} files failed: see the error beside each"
    return ExitCode.SOME_FAILED, {"type": "SomeFilesFailed", "message": message}


def _print_outcome(outcome: _Outcome) -> None:
    if outcome.error is not None:
        note(f"efface: {outcome.error}")
        return
    result = outcome.result
    assert result is not None
    for notice in result.notices:
        note(f"{outcome.input}: {notice}")
    verb = "hidden" if result.kind.hides else "marked, not hidden,"
    frames = f"{result.num_masked_frames} of {counted(result.num_frames, 'frame')}"
    faces = counted(result.num_faces, "face")
    line = f"{result.output}: {faces} {verb} in {frames} ({result.kind.wire_name})"
    if result.num_regions:
        regions = f"{counted(result.num_regions, 'drawn region')} treated"
        line = f"{line}; {regions}" if result.num_faces else f"{result.output}: {regions} in {frames}"
    if result.num_mutes:
        line += f"; sound muted in {counted(result.num_mutes, 'span')}"
    print_line(line)
