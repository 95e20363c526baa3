"""Redact a still picture."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from efface.detect.choice import DetectorChoice, create_detector
from efface.detect.detector import Detector
from efface.detect.search import MIN_TURNED_SCORE, TURNS, find_faces
from efface.domain.detection import Detections
from efface.domain.geometry import iou, nms
from efface.domain.media import EncodeSettings
from efface.domain.redaction import RedactionRequest
from efface.domain.time import Timeline
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.model import FaceIndex
from efface.index.source import describe_source
from efface.media.image import ImageDocument, read_image, write_image
from efface.plan import plan_redaction
from efface.render.effects import apply_regions

_MIN_SCORE, _SURE_SCORE = 0.3, 0.55
"""A face needs the first at two sizes of the picture, or the second at one: a picture has no second frame that could
speak for a face, but a thing that only resembles one does so at one size."""
_SCALES = (1.0, 1.5, 0.5)
"""Sizes at which a picture is searched: its own, a larger one for small faces, a smaller one for huge ones."""
_MAX_SIDE, _MIN_SIDE = 4096, 320
_MAX_IOU = 0.4


@dataclass(frozen=True, slots=True)
class ImageReport:
    """What a redaction of a picture did."""

    num_regions: int
    """Faces that were treated."""
    notices: tuple[str, ...]
    """What the output could not keep of the source, for people."""

    @property
    def num_frames(self) -> int:
        """A picture is one frame."""
        return 1

    @property
    def num_masked_frames(self) -> int:
        """1 where any face was treated."""
        return min(1, self.num_regions)


def redact_image(
    path: Path,
    output: Path,
    *,
    request: RedactionRequest,
    settings: EncodeSettings,
    overwrite: bool = False,
    detector: DetectorChoice | None = None,
) -> ImageReport:
    """Hide the faces of a picture.

    Args:
        path: a local JPEG, PNG or WebP picture.
        output: the file to make.
        request: how faces are hidden.
        settings: only ``keep_metadata`` matters.
        overwrite: whether ``output`` may be replaced if it exists.
        detector: who searches the picture.

    Raises:
        InputError: the picture cannot be read.
        OutputError: the output cannot be written.
        WeightsError: the network cannot run.
    """
    picture = read_image(path)
    found = find_faces_in_image(create_detector(detector), picture)
    frame = picture.editable()
    regions = plan_redaction(_index_of(picture, found), request).regions_at(0)
    apply_regions(frame, regions, picture.orientation)
    write_image(picture, frame, output, settings, overwrite=overwrite)
    return ImageReport(len(regions), picture.notices)


def find_faces_in_image(detector: Detector, picture: ImageDocument) -> Detections:
    """Search a picture at several sizes, and turned where no face stands upright; boxes in its pixels."""
    native = max(picture.size.width, picture.size.height)
    sides = {native, *(min(_MAX_SIDE, max(_MIN_SIDE, round(native * scale))) for scale in _SCALES)}
    parts = [
        find_faces(detector, picture, picture.size, long_side=side, min_score=_MIN_SCORE)
        for side in sorted(sides)
    ]
    found = _agreed(parts)
    if len(found) == 0:
        side = min(max(native, _MIN_SIDE), 1280)
        turned = [
            find_faces(detector, picture, picture.size, long_side=side, min_score=MIN_TURNED_SCORE, turn=turn)
            for turn in TURNS
        ]
        found = Detections.concatenate(turned)
    return found.select(nms(found.boxes, found.scores, _MAX_IOU))


def _agreed(parts: list[Detections]) -> Detections:
    """The detections that are sure, or that another search of the same picture confirms."""
    kept = []
    for i, part in enumerate(parts):
        others = Detections.concatenate([other for j, other in enumerate(parts) if j != i])
        is_confirmed = (iou(part.boxes, others.boxes) > _MAX_IOU).any(axis=1)
        kept.append(part.select(is_confirmed | (part.scores >= _SURE_SCORE)))
    return Detections.concatenate(kept)


def _index_of(picture: ImageDocument, found: Detections) -> FaceIndex:
    """The picture as a video of one frame in which everybody is somebody else."""
    tracks = tuple(
        FaceTrack(i, 0, box[None], score[None])
        for i, (box, score) in enumerate(zip(found.boxes, np.clip(found.scores, 0, 1), strict=True), start=1)
    )
    return FaceIndex(
        source=describe_source(picture.path),
        size=picture.size,
        timeline=Timeline(Fraction(1), np.zeros(1, np.int64), 1),
        frame_rate=None,
        shots=(Shot(0, 1),),
        tracks=tracks,
        faces=tuple(
            FaceGroup(1000 + track.track_id, (track.track_id,), 0, track.track_id) for track in tracks
        ),
        engine="image",
    )
