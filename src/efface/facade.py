"""The public calls of efface, as ``import efface`` offers them; the command line calls nothing else.

Takes paths and plain values, gives frozen records, raises only the errors of ``efface.domain.errors``. Must
hold: the same call means the same from Python and from the terminal.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from efface.detect.choice import DetectorChoice
from efface.domain.edits import Edits
from efface.domain.errors import IndexMismatchError, OutputError, RequestError
from efface.domain.geometry import Size
from efface.domain.media import EncodeSettings, MediaKind, VideoInfo
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest
from efface.edit import apply_edits, read_edits
from efface.index.annotations import load_id_list as _read_id_list
from efface.index.folder import INDEX_FILE, refuse_foreign, write_index
from efface.index.folder import load_index as _read_index
from efface.index.model import FaceIndex
from efface.index.source import describe_source
from efface.inference.session import Backend
from efface.inference.weights import BUNDLED_NAMES, Weights, describe_weights, find_weights
from efface.media.encoders import check_settings, choose_container, default_output_suffix
from efface.media.files import atomic_output, check_place
from efface.media.image import probe_image
from efface.media.probe import probe_video
from efface.media.sample_clip import write_sample_clip
from efface.media.sniff import sniff
from efface.pipeline import Analysis, RenderReport, index_video, redact_image, redact_video
from efface.pipeline.annotated import index_annotated_video
from efface.ports import Progress, SilentProgress

PathLike = str | os.PathLike[str]
IndexLike = FaceIndex | Analysis | PathLike
"""An index: as :func:`index` or :func:`load_index` gave it, or the path of an index folder."""
EditsLike = Edits | PathLike
"""Corrections by hand: as records, or the path of their file."""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a still picture is."""

    path: str
    """The file, as given."""
    format: str
    """``JPEG``, ``PNG`` or ``WebP``, whatever the name says."""
    size: Size
    """Upright size in pixels."""
    depth: int
    """Bits per sample."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """A finished redaction."""

    input: Path
    output: Path
    kind: BlurringKind
    num_faces: int
    """People (in a picture: faces) that were treated."""
    num_frames: int
    """Frames of the output."""
    num_masked_frames: int
    """Frames in which something was treated."""
    notices: tuple[str, ...]
    """What a user should know, e.g. damaged packets or a subtitle track that the container cannot hold."""
    num_regions: int = 0
    """Regions drawn by hand that were treated."""
    num_mutes: int = 0
    """Spans that were muted by hand."""


def probe(path: PathLike) -> VideoInfo | ImageInfo:
    """Say what a file is.

    Example:
        >>> efface.probe("clip.mp4").frame_rate  # doctest: +SKIP
        Fraction(30000, 1001)

    Raises:
        InputError: missing, not media, or damaged beyond its first frame.
    """
    path = Path(path)
    if sniff(path) is MediaKind.VIDEO:
        return probe_video(path)
    picture = probe_image(path)
    size = picture.orientation.upright_size(picture.size)
    return ImageInfo(str(path), picture.format.value, size, picture.bit_depth)


def choose_detector(weights: PathLike | None = None, backend: str = "openvino") -> DetectorChoice:
    """Say who finds the faces: the ``detector`` of :func:`index` and :func:`redact`.

    Args:
        weights: an ONNX file of the CenterFace or YuNet family; None for the bundled CenterFace.
        backend: ``openvino`` or ``onnxruntime``.

    Raises:
        RequestError: no such backend.
    """
    return DetectorChoice(None if weights is None else Path(weights), Backend.parse(backend))


def index(
    path: PathLike, *, detector: DetectorChoice | None = None, progress: Progress | None = None
) -> Analysis:
    """Find every face in a video and tell people apart.

    Args:
        path: a local video file.
        detector: who finds the faces; by default the bundled CenterFace on OpenVINO.
        progress: hears how far the work is, and may stop it.

    Returns:
        The face index and the best pictures of each face; :func:`save_index` writes both into a folder.

    Raises:
        InputError: the file cannot be used.
        WeightsError: a network cannot run.
        Cancelled: stopped on request.
    """
    path = Path(path)
    if sniff(path) is not MediaKind.VIDEO:
        raise RequestError(f"{path} is a picture, and an index is for videos: redact it right away")
    return index_video(path, detector=detector, progress=progress or SilentProgress())


def save_index(found: Analysis, folder: PathLike, *, overwrite: bool = False) -> Path:
    """Write an index folder: index.json, faces.json, thumbnails.zip and contact-sheet.png.

    Returns:
        The folder.

    Raises:
        OutputError: it holds an index already (unless ``overwrite``) or something else, or cannot be written.
    """
    folder = Path(folder)
    check_index_folder(folder, overwrite=overwrite)
    write_index(folder, found.index, found.crops)
    return folder


def check_index_folder(folder: PathLike, *, overwrite: bool = False) -> None:
    """Find out before hours of work whether :func:`save_index` would refuse a folder.

    Raises:
        OutputError: it holds an index already (unless ``overwrite``) or something else.
    """
    folder = Path(folder)
    if not overwrite and (folder / INDEX_FILE).exists():
        raise OutputError(
            f"{folder} holds an index already: choose another folder, or allow overwriting (--overwrite)"
        )
    try:
        refuse_foreign(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from error


def load_index(path: PathLike) -> FaceIndex:
    """Read an index from its folder or its index.json.

    Raises:
        IndexFormatError: no such index, or one that this efface cannot read.
    """
    return _read_index(Path(path))


def load_edits(path: PathLike) -> Edits:
    """Read corrections by hand from their file, which docs/edits-format.md describes.

    Raises:
        EditsFormatError: no such file, or one that says what cannot be.
    """
    return read_edits(Path(path))


def load_annotations(path: PathLike, video: PathLike, *, progress: Progress | None = None) -> FaceIndex:
    """Read annotations of the retired Azure Media Redactor as an index of their video.

    Args:
        path: ``clip_annotations.json``.
        video: the video that they are of; it is decoded once.
        progress: hears how far the work is, and may stop it.

    Raises:
        IndexFormatError: not such a file.
        IndexMismatchError: it is of another video.
        InputError: the video cannot be read.
    """
    return index_annotated_video(Path(video), Path(path), progress=progress or SilentProgress())


def load_id_list(path: PathLike) -> frozenset[int]:
    """Read ``clip_IDList.txt`` of the retired Azure Media Redactor: faces to hide; empty means everybody.

    Raises:
        IndexFormatError: no such file, or not text.
        RequestError: a line is no face id.
    """
    return _read_id_list(Path(path))


def redact(  # noqa: PLR0913  one call for one wish; everything but the paths is by keyword and optional
    path: PathLike,
    output: PathLike | None = None,
    *,
    kind: BlurringKind | str | int = BlurringKind.HIGH_BLUR,
    include: Iterable[int] | None = None,
    exclude: Iterable[int] | None = None,
    faces: bool = True,
    index: IndexLike | None = None,
    edits: EditsLike | None = None,
    detector: DetectorChoice | None = None,
    settings: EncodeSettings | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Redaction:
    """Hide faces in a video or a picture: all of them, or those chosen by id.

    Args:
        path: a local video or picture; it is never changed.
        output: file to write, by default :func:`default_output`; it appears only when it is whole.
        kind: how a face is hidden, by name or number.
        include: hide only these face ids.
        exclude: hide everybody but these face ids.
        faces: False to treat no face at all, only what ``edits`` draw and mute.
        index: an index of the same video, which saves the search for faces.
        edits: corrections by hand of the same video, as records or as a file; regions that were not followed through
            the video yet are followed first.
        detector: who finds the faces where no index is given; by default the bundled CenterFace on OpenVINO.
        settings: how to encode; by default so that it looks like the source.
        overwrite: whether ``output`` may be replaced if it exists.
        progress: hears how far the work is, and may stop it.

    Raises:
        InputError: the file or an argument cannot be used.
        OutputError: the result cannot be written.
        WeightsError: a network cannot run.
        Cancelled: stopped on request; nothing is left behind.
    """
    path = Path(path)
    request = _request(kind, include, exclude, faces)
    settings = settings or EncodeSettings()
    progress = progress or SilentProgress()
    target = Path(output) if output is not None else default_output(path)
    kind_of_media = sniff(path)
    _check_early(target, path, settings, overwrite)
    if kind_of_media is MediaKind.IMAGE:
        if index is not None or request.face_ids:
            raise RequestError(
                f"{path} is a picture, in which faces have no ids: leave index and face ids out"
            )
        if edits is not None or not faces:
            raise RequestError(f"{path} is a picture, and edits are for videos: leave them out")
        picture = redact_image(
            path, target, request=request, settings=settings, overwrite=overwrite, detector=detector
        )
        return Redaction(
            path, target, request.kind, picture.num_regions, 1, picture.num_masked_frames, picture.notices
        )
    choose_container(target)  # refuses a suffix that no video has
    corrections = _edits_for(edits, path, has_index=index is not None)
    if index is None:
        index = index_video(path, detector=detector, progress=progress)
    found = _as_index(index)
    corrected = found if corrections is None else apply_edits(found, corrections)
    report = redact_video(
        path,
        target,
        index=found,
        request=request,
        settings=settings,
        progress=progress,
        overwrite=overwrite,
        edits=corrections,
    )
    num_faces = sum(request.covers(face.face_id) for face in corrected.faces)
    return _redaction_of(path, target, request, report, num_faces, found.notices, corrections)


def default_output(path: PathLike, folder: PathLike | None = None) -> Path:
    """Where a redaction goes if nobody says: ``<name>.redacted.<suffix>`` beside the input, or in ``folder``.

    The suffix is the input's own where its container can hold the result, else ``.mp4``. ``folder`` is made.

    Raises:
        InputError: the input cannot be used.
        OutputError: the folder cannot be made.
    """
    path = Path(path)
    if sniff(path) is MediaKind.VIDEO:
        suffix = default_output_suffix(probe_video(path))
    else:
        suffix = probe_image(path).format.suffix_for(path)
    if folder is None:
        return path.with_name(f"{path.stem}.redacted{suffix}")
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}): name another folder") from error
    return Path(folder, f"{path.stem}.redacted{suffix}")


def write_sample(output: PathLike, *, overwrite: bool = False) -> Path:
    """Write a short clip to try things on: one face, 4 s, 640x480, H.264 and AAC in MP4.

    Raises:
        OutputError: it exists already (unless ``overwrite``) or cannot be written.
        MediaNotFoundError: the picture it is made from is not installed.
    """
    with atomic_output(Path(output), overwrite=overwrite) as temporary:
        write_sample_clip(temporary)
    return Path(output)


def list_weights(own_files: Sequence[PathLike] = ()) -> tuple[Weights, ...]:
    """All network weights that efface uses, checked, then these files of the user's own.

    Raises:
        WeightsError: some are missing, altered or unreadable.
    """
    bundled = [find_weights(name) for name in BUNDLED_NAMES]
    return (*bundled, *(describe_weights(Path(file), "brought by you") for file in own_files))


def _request(
    kind: BlurringKind | str | int,
    include: Iterable[int] | None,
    exclude: Iterable[int] | None,
    covers_faces: bool,
) -> RedactionRequest:
    if include is not None and exclude is not None:
        raise RequestError("include and exclude contradict each other: give one of them")
    scope = FilterScope.EXCLUDE if include is None else FilterScope.INCLUDE
    face_ids = frozenset(exclude or ()) if include is None else frozenset(include)
    return RedactionRequest(BlurringKind.parse(kind), scope, face_ids, covers_faces)


def _redaction_of(
    path: Path,
    target: Path,
    request: RedactionRequest,
    report: RenderReport,
    num_faces: int,
    notices: tuple[str, ...],
    edits: Edits | None,
) -> Redaction:
    return Redaction(
        path,
        target,
        request.kind,
        num_faces,
        report.num_frames,
        report.num_masked_frames,
        (*notices, *report.notices),
        len(edits.regions) if edits else 0,
        len(edits.mutes) if edits else 0,
    )


def _edits_for(edits: EditsLike | None, path: Path, *, has_index: bool) -> Edits | None:
    """The edits, found to be of this video before hours of work."""
    if edits is None:
        return None
    found = edits if isinstance(edits, Edits) else load_edits(edits)
    if not has_index:
        if found.names_tracks:
            # In an index made anew, the same numbers may be other faces.
            raise RequestError(
                "the edits name faces or tracks by their numbers in an index: give that index along with them"
            )
        if found.source_sha256 != describe_source(path).sha256:
            raise IndexMismatchError(
                f"the edits were made for another video than {path}: give the edits of this one"
            )
    return found


def _as_index(index: IndexLike) -> FaceIndex:
    if isinstance(index, FaceIndex):
        return index
    return index.index if isinstance(index, Analysis) else load_index(index)


def _check_early(target: Path, source: Path, settings: EncodeSettings, overwrite: bool) -> None:
    """Say what is wrong with the output before hours of work, not after; the writer checks again."""
    check_place(target, overwrite=overwrite, never=(source,))
    check_settings(settings)
