"""Insights: what a video's index tells readers, in neutral words, small enough to be read at each request.

The whole index, with a box for every face in every frame, stays in its own file for the render.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from efface.domain.errors import IndexFormatError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG inside an archive of stored (not compressed) entries."""

    picture_id: str
    """GUID."""
    file_name: str
    """Entry in the archive."""
    offset: int
    """Where its bytes begin in the archive."""
    length: int


@dataclass(frozen=True, slots=True)
class FaceThumbnail:
    """A picture of one person, and when it was taken."""

    picture_id: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Appearance:
    """One stay of a person on screen; seconds from the first frame."""

    start_s: float
    end_s: float
    picture_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Face:
    """One person."""

    face_id: int
    name: str
    """As a user has named the person, else ``Unknown #n``."""
    is_named: bool
    confidence: float
    """Mean detector score, in [0, 1]."""
    seen_s: float
    seen_ratio: float
    is_prominent: bool
    """True where the face is on screen for 4 s or a tenth of the video."""
    picture_id: str
    """Of the best view."""
    thumbnails: tuple[FaceThumbnail, ...]
    appearances: tuple[Appearance, ...]


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A picture that stands for a shot, and how long its frame is shown."""

    picture_id: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class ShotInsight:
    """What lies between two cuts; seconds from the first frame."""

    start_s: float
    end_s: float
    key_frames: tuple[KeyFrame, ...]


@dataclass(frozen=True, slots=True)
class VideoInsights:
    """Everything that readers are told of one version of an index."""

    duration_s: float
    width: int
    height: int
    num_frames: int
    frame_rate: float | None
    """Frames per second from the header."""
    engine: str
    faces: tuple[Face, ...]
    """By face id."""
    shots: tuple[ShotInsight, ...]
    face_pictures: tuple[Picture, ...]
    key_frame_pictures: tuple[Picture, ...]
    notices: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"version": _VERSION, **asdict(self)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "VideoInsights":
        """Read what ``to_document`` has given.

        Raises:
            IndexFormatError: it is of another version, or not such a document.
        """
        if document.get("version") != _VERSION:
            raise IndexFormatError(
                f"insights of version {document.get('version')!r} cannot be read: index the video again"
            )
        try:
            return cls(
                duration_s=document["duration_s"],
                width=document["width"],
                height=document["height"],
                num_frames=document["num_frames"],
                frame_rate=document["frame_rate"],
                engine=document["engine"],
                faces=tuple(_face(face) for face in document["faces"]),
                shots=tuple(_shot(shot) for shot in document["shots"]),
                face_pictures=tuple(Picture(**picture) for picture in document["face_pictures"]),
                key_frame_pictures=tuple(Picture(**picture) for picture in document["key_frame_pictures"]),
                notices=tuple(document["notices"]),
            )
        except (KeyError, TypeError) as error:
            raise IndexFormatError(f"insights lack or garble {error}: index the video again") from error


def _face(document: Mapping[str, Any]) -> Face:
    parts = dict(document)
    parts["thumbnails"] = tuple(FaceThumbnail(**thumbnail) for thumbnail in document["thumbnails"])
    parts["appearances"] = tuple(
        Appearance(stay["start_s"], stay["end_s"], tuple(stay["picture_ids"]))
        for stay in document["appearances"]
    )
    return Face(**parts)


def _shot(document: Mapping[str, Any]) -> ShotInsight:
    key_frames = tuple(KeyFrame(**key_frame) for key_frame in document["key_frames"])
    return ShotInsight(document["start_s"], document["end_s"], key_frames)
