"""Insights: faces, shots and scenes of one video; and what is always empty, for clients that read it unasked."""

from typing import Any

from pydantic import Field

from efface.api.wire.shape import WireShape
from efface.api.wire.times import in_video
from efface.usecases.insights import Appearance, Face, KeyFrame, ShotInsight, VideoInsights

VERSION = "1.0.0.0"
"""Of the form of insights, as Azure has it."""


class Instance(WireShape):
    """A stay. Adjusted times are those in a playlist, which is the video itself here."""

    adjusted_start: str
    adjusted_end: str
    start: str
    end: str


class FaceInstance(Instance):
    """One stay of a person on screen."""

    thumbnails_ids: tuple[str, ...]


class KeyFrameInstance(Instance):
    """When a key frame is shown."""

    thumbnail_id: str


class FaceThumbnail(WireShape):
    """A picture of a person."""

    id: str
    file_name: str
    """Its entry in the archive FacesThumbnails."""
    instances: tuple[Instance, ...]


class FaceShape(WireShape):
    """One person. All that were found are listed, however short they are seen: whatever can be redacted shows."""

    id: int
    name: str
    confidence: float
    """That the name is right: 0 for the unknown, 1 for those whom a user has named."""
    description: str | None = None
    thumbnail_id: str
    title: str | None = None
    image_url: str | None = None
    high_quality: bool
    """Whether Azure would list the face: on screen for 4 s or a tenth of the video."""
    thumbnails: tuple[FaceThumbnail, ...]
    instances: tuple[FaceInstance, ...]


class KeyFrameShape(WireShape):
    """A frame that stands for a shot."""

    id: int
    instances: tuple[KeyFrameInstance, ...]


class ShotShape(WireShape):
    """What lies between two cuts."""

    id: int
    tags: tuple[str, ...] = ()
    key_frames: tuple[KeyFrameShape, ...]
    instances: tuple[Instance, ...]


class SceneShape(WireShape):
    """Shots that belong together: all of them."""

    id: int
    instances: tuple[Instance, ...]


class Moderation(WireShape):
    """Words that were banned: none, as nothing is heard."""

    id: int = 0
    banned_words_count: int = 0
    banned_words_ratio: float = 0
    instances: tuple[Instance, ...] = ()


class Statistics(WireShape):
    """Who has spoken how much: nobody, as nothing is heard."""

    correspondence_count: int = 0
    speaker_talk_to_listen_ratio: dict[str, float] = Field(default_factory=dict)
    speaker_longest_monolog: dict[str, int] = Field(default_factory=dict)
    speaker_number_of_fragments: dict[str, int] = Field(default_factory=dict)
    speaker_word_count: dict[str, int] = Field(default_factory=dict)


class InsightsShape(WireShape):
    """What is known of a video. Before it is indexed, and of a redacted one, the lists are empty."""

    version: str = VERSION
    duration: str
    source_language: str
    source_languages: tuple[str, ...]
    language: str
    languages: tuple[str, ...]
    transcript: tuple[dict[str, Any], ...] = ()
    faces: tuple[FaceShape, ...] = ()
    scenes: tuple[SceneShape, ...] = ()
    shots: tuple[ShotShape, ...] = ()
    textual_content_moderation: Moderation = Moderation()
    statistics: Statistics = Statistics()


LISTS = ("transcript", "faces", "scenes", "shots")
"""Fields that clients may leave out by name."""


def insights_shape(duration_s: float, language: str, insights: VideoInsights | None) -> InsightsShape:
    """What is known of a video.

    Args:
        duration_s: of the video, 0 while unknown.
        language: as its uploader has said.
        insights: None where it has no index.
    """
    found: dict[str, Any] = {}
    if insights is not None:
        files = {picture.picture_id: picture.file_name for picture in insights.face_pictures}
        found = {
            "faces": [_face(face, files) for face in insights.faces],
            "scenes": _scenes(insights.shots),
            "shots": _shots(insights.shots),
        }
    return InsightsShape(
        duration=in_video(duration_s),
        source_language=language,
        source_languages=(language,),
        language=language,
        languages=(language,),
        **found,
    )


def face_confidence(face: Face) -> float:
    """How sure the name of a face is."""
    return 1.0 if face.is_named else 0.0


# Plain fields and no shapes: the shape around them makes all of these at once, five times as fast as one by one, which
# counts for a video of hours.
def _span(start_s: float, end_s: float) -> dict[str, Any]:
    start, end = in_video(start_s), in_video(end_s)
    return {"adjusted_start": start, "adjusted_end": end, "start": start, "end": end}


def _face(face: Face, files: dict[str, str]) -> dict[str, Any]:
    return {
        "id": face.face_id,
        "name": face.name,
        "confidence": face_confidence(face),
        "thumbnail_id": face.picture_id,
        "high_quality": face.is_prominent,
        "thumbnails": [
            {
                "id": picture.picture_id,
                "file_name": files.get(picture.picture_id, f"FaceInstanceThumbnail_{picture.picture_id}.jpg"),
                "instances": [_span(picture.start_s, picture.end_s)],
            }
            for picture in face.thumbnails
        ],
        "instances": [_stay(stay) for stay in face.appearances],
    }


def _stay(stay: Appearance) -> dict[str, Any]:
    return {**_span(stay.start_s, stay.end_s), "thumbnails_ids": stay.picture_ids}


def _scenes(shots: tuple[ShotInsight, ...]) -> list[dict[str, Any]]:
    if not shots:
        return []
    return [{"id": 1, "instances": [_span(shots[0].start_s, shots[-1].end_s)]}]


def _shots(shots: tuple[ShotInsight, ...]) -> list[dict[str, Any]]:
    found, num_key_frames = [], 0
    for number, shot in enumerate(shots, 1):
        key_frames = [
            _key_frame(num_key_frames + n, key_frame) for n, key_frame in enumerate(shot.key_frames, 1)
        ]
        num_key_frames += len(key_frames)
        span = _span(shot.start_s, shot.end_s)
        found.append({"id": number, "key_frames": key_frames, "instances": [span]})
    return found


def _key_frame(number: int, key_frame: KeyFrame) -> dict[str, Any]:
    shown = {**_span(key_frame.start_s, key_frame.end_s), "thumbnail_id": key_frame.picture_id}
    return {"id": number, "instances": [shown]}
