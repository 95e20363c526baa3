"""The summary beside the insights, for clients of Azure's early years."""

from typing import Any

from efface.api.wire.insights import Statistics, face_confidence
from efface.api.wire.shape import NO_GUID, WireShape
from efface.api.wire.times import in_video
from efface.domain.service import Video
from efface.usecases.insights import Face, VideoInsights

Nothing = tuple[dict[str, Any], ...]


class Length(WireShape):
    """How long a video is."""

    time: str
    seconds: float


class SummaryAppearance(WireShape):
    """One stay of a person on screen; seconds to one decimal, as Azure has them."""

    start_time: str
    end_time: str
    start_seconds: float
    end_seconds: float


class SummaryFace(WireShape):
    """One person."""

    id: int
    video_id: str
    reference_id: str | None = None
    reference_type: str = "Bing"
    """Azure's enumeration has no other word; there is no reference."""
    known_person_id: str = NO_GUID
    confidence: float
    name: str
    description: str | None = None
    title: str | None = None
    thumbnail_id: str
    appearances: tuple[SummaryAppearance, ...]
    seen_duration: float
    """Seconds."""
    seen_duration_ratio: float
    """Of the video."""


class Summary(WireShape):
    """The summary of a video."""

    name: str
    id: str
    privacy_mode: str
    duration: Length
    thumbnail_video_id: str
    thumbnail_id: str
    faces: tuple[SummaryFace, ...]
    keywords: Nothing = ()
    sentiments: Nothing = ()
    emotions: Nothing = ()
    audio_effects: Nothing = ()
    labels: Nothing = ()
    frame_patterns: Nothing = ()
    brands: Nothing = ()
    named_locations: Nothing = ()
    named_people: Nothing = ()
    statistics: Statistics = Statistics()
    topics: Nothing = ()


def summary(video: Video, duration_s: float, insights: VideoInsights | None) -> Summary:
    """The summary of a video; without faces where it has no index."""
    # All faces at once, as in the insights.
    faces: Any = [_face(video, face) for face in insights.faces] if insights else []
    return Summary(
        name=video.details.name,
        id=video.video_id,
        privacy_mode=video.details.privacy.value,
        duration=Length(time=in_video(duration_s), seconds=round(duration_s, 1)),
        thumbnail_video_id=video.video_id,
        thumbnail_id=video.thumbnail_id or NO_GUID,
        faces=faces,
    )


def _face(video: Video, face: Face) -> dict[str, Any]:
    return {
        "id": face.face_id,
        "video_id": video.video_id,
        "confidence": face_confidence(face),
        "name": face.name,
        "thumbnail_id": face.picture_id,
        "appearances": [
            {
                "start_time": in_video(stay.start_s),
                "end_time": in_video(stay.end_s),
                "start_seconds": round(stay.start_s, 1),
                "end_seconds": round(stay.end_s, 1),
            }
            for stay in face.appearances
        ],
        "seen_duration": round(face.seen_s, 1),
        "seen_duration_ratio": face.seen_ratio,
    }
