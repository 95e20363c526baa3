"""Annotations of the old Azure Media Redactor → a face index, which saves the search for faces."""

from pathlib import Path

from efface.domain.time import complete_pts
from efface.index.annotated_index import AnnotatedVideo, index_from_annotations
from efface.index.annotations import load_annotations
from efface.index.model import FaceIndex
from efface.index.source import describe_source
from efface.media.reader import open_video
from efface.ports import Progress


def index_annotated_video(path: Path, annotations: Path, *, progress: Progress) -> FaceIndex:
    """Fit an annotations file to its video.

    The video is decoded once, because the time stamps of its frames are known only then.

    Args:
        path: the video.
        annotations: ``clip_annotations.json``, or a ``faces.json``.
        progress: hears ``"index"`` after each frame.

    Raises:
        IndexFormatError: not such a file.
        IndexMismatchError: it is of another video.
        InputError: the video cannot be read.
        Cancelled: ``progress`` asked to stop.
    """
    loaded = load_annotations(annotations)
    with open_video(path) as reader:
        info = reader.info
        pts: list[int | None] = []
        for frame in reader.frames():
            pts.append(frame.pts)
            progress.report("index", len(pts), info.num_frames_estimate)
    timeline = complete_pts(pts, info.time_base, info.frame_rate)
    video = AnnotatedVideo(describe_source(path), info.coded_size, info.orientation, timeline)
    return index_from_annotations(loaded, video)
