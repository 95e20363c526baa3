"""Joining the analyses of all segments of a video into its index."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from efface.domain.media import Damage, VideoInfo
from efface.domain.time import complete_pts
from efface.domain.track import FaceTrack, Shot
from efface.identify.crops import FaceCrop, best_views
from efface.identify.embed import DlibEmbedder, Embedder
from efface.identify.group import group_faces
from efface.index.model import FaceIndex, SourceFile
from efface.pipeline.analysis import AnalysedShot, AnalysisSettings
from efface.pipeline.key_frames import KeyFrame, thin_out
from efface.pipeline.segment_analysis import SegmentAnalysis
from efface.pipeline.shot_frames import frame_per_analysis_px
from efface.track.evidence import settle, smooth_boxes
from efface.track.stitch import stitch
from efface.track.tracklet import FinishedTracklet


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """An index and the pictures that its views are made of."""

    index: FaceIndex
    crops: Mapping[int, Sequence[FaceCrop]]
    """Best views of each track, best first, by track id; a track may be missing."""
    key_frames: tuple[KeyFrame, ...] = ()
    """Pictures that stand for the shots, in order of time; at least one for each shot that was analysed."""


def join_segments(
    parts: Sequence[SegmentAnalysis],
    info: VideoInfo,
    source: SourceFile,
    *,
    settings: AnalysisSettings | None = None,
    embedder: Embedder | None = None,
) -> Analysis:
    """Make the index of a video of the analyses of its segments.

    Args:
        parts: one of each segment, in order of time.
        info: the video.
        source: its name, size and digest.
        settings: what the segments were analysed with.
        embedder: tells people apart.

    Raises:
        ValueError: the parts are not those of one cut of one video, or one is not as promised.
        WeightsError: a network cannot run.
    """
    _check_parts(parts)
    settings, frame_s = settings or AnalysisSettings(), parts[0].frame_s
    shots = list(_whole_shots(parts, settings, frame_per_analysis_px(info.upright_size)))
    tracks: list[FaceTrack] = []
    crops: dict[int, tuple[FaceCrop, ...]] = {}
    for shot in shots:
        for tracklet in shot.tracklets:
            track = _track(tracklet, len(tracks) + 1, frame_s, frame_per_analysis_px(info.upright_size))
            tracks.append(track)
            crops[track.track_id] = shot.crops.get(tracklet.key, ())
    index = FaceIndex(
        source=source,
        size=info.upright_size,
        timeline=complete_pts(
            [pts for part in parts for pts in part.raw_pts], info.time_base, info.frame_rate
        ),
        frame_rate=info.frame_rate,
        shots=tuple(Shot(shot.first_frame, shot.end_frame) for shot in shots),
        tracks=tuple(tracks),
        faces=group_faces(tracks, crops, embedder or DlibEmbedder()),
        engine=f"efface {version('efface')}; {parts[0].detector}",
        notices=_notices([part.damage for part in parts]),
        thumbnail_frames=_best_frames(tracks, crops),
    )
    key_frames = (
        KeyFrame(frame_index, position, jpeg)
        for position, shot in enumerate(shots)
        for frame_index, jpeg in shot.key_frames
    )
    return Analysis(index, crops, tuple(key_frames))


def _check_parts(parts: Sequence[SegmentAnalysis]) -> None:
    if not parts or [part.index for part in parts] != list(range(len(parts))):
        raise ValueError("join needs the analysis of every segment once, in order of time")
    first_frame = 0
    for part in parts:
        if not part.is_as_promised:
            raise ValueError(f"segment {part.index} did not get the frames that the packets promised")
        if part.first_frame != first_frame:
            raise ValueError(f"segment {part.index} begins at frame {part.first_frame}, not {first_frame}")
        if (part.frame_s, part.detector) != (parts[0].frame_s, parts[0].detector):
            raise ValueError(f"segment {part.index} was analysed in another way than the first one")
        first_frame += len(part.raw_pts)


def _whole_shots(
    parts: Sequence[SegmentAnalysis], settings: AnalysisSettings, to_frame: NDArray[np.float32]
) -> Iterator[AnalysedShot]:
    """All shots, those that were analysed in parts put together and settled."""
    begun: AnalysedShot | None = None
    for shot in (shot for part in parts for shot in part.shots):
        if shot.begins_open != (begun is not None):
            raise ValueError(f"the shot at frame {shot.first_frame} does not continue what was before it")
        joined = shot if begun is None else _joined(begun, shot, settings, parts[0].frame_s)
        if joined.ends_open:
            begun = joined
            continue
        yield _settled(joined, settings, to_frame) if begun is not None else joined
        begun = None
    if begun is not None:
        raise ValueError(f"the shot at frame {begun.first_frame} has no end")


def _joined(
    early: AnalysedShot, late: AnalysedShot, settings: AnalysisSettings, frame_s: float
) -> AnalysedShot:
    """Two parts of one shot as one; both have seen the frames from the later one's first to the earlier one's last."""
    stitched = stitch(
        early.tracklets,
        late.tracklets,
        end_frame=early.end_frame,
        frame_s=frame_s,
        max_gap_s=settings.tracker.max_gap_s,
    )
    crops = {}
    for one in stitched:
        views: list[FaceCrop] = []
        if one.early_key is not None:
            views += early.crops.get(one.early_key, ())
        for late_key in one.late_keys:
            views += late.crops.get(late_key, ())
        if views:
            crops[one.tracklet.key] = best_views(views, frame_s)
    return AnalysedShot(
        early.first_frame,
        late.end_frame,
        tuple(one.tracklet for one in stitched),
        crops,
        tuple(thin_out([*early.key_frames, *late.key_frames], frame_s)),
        early.begins_open,
        late.ends_open,
    )


def _settled(shot: AnalysedShot, settings: AnalysisSettings, to_frame: NDArray[np.float32]) -> AnalysedShot:
    """A shot that was put together, judged by all that its parts have seen."""
    kept = settle(shot.tracklets, to_frame, settings.evidence)
    keys = {tracklet.key for tracklet in kept}
    crops = {key: views for key, views in shot.crops.items() if key in keys}
    return AnalysedShot(shot.first_frame, shot.end_frame, tuple(kept), crops, shot.key_frames)


def _track(
    tracklet: FinishedTracklet, track_id: int, frame_s: float, to_frame: NDArray[np.float32]
) -> FaceTrack:
    boxes = smooth_boxes(tracklet, frame_s) * to_frame
    scores = np.clip(tracklet.scores, 0, 1)
    return FaceTrack(track_id, tracklet.first_frame, boxes.astype(np.float32), scores)


def _notices(damages: Sequence[Damage]) -> tuple[str, ...]:
    number = sum(damage.bad_packets for damage in damages)
    if not number:
        return ()
    messages = dict.fromkeys(message for damage in damages for message in damage.messages)
    reasons = f": {'; '.join(messages)}" if messages else ""
    passed_over = "1 damaged packet was" if number == 1 else f"{number} damaged packets were"
    return (f"{passed_over} passed over{reasons}",)


def _best_frames(tracks: Sequence[FaceTrack], crops: Mapping[int, Sequence[FaceCrop]]) -> dict[int, int]:
    """Track id → frame of its best view, for tracks that have one inside their span."""
    by_id = {track.track_id: track for track in tracks}
    best = {track_id: views[0].frame_index for track_id, views in crops.items() if views}
    return {i: frame for i, frame in best.items() if by_id[i].box_at(frame) is not None}
