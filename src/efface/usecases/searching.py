"""Searching videos, and telling where each holds what was searched for."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from efface.domain.service import Video
from efface.ports.catalogue import VideoFilter
from efface.usecases.insights import Face
from efface.usecases.reading import read_insights
from efface.usecases.services import Services


class MatchKind(Enum):
    """What of a video holds a word."""

    TITLE = "Title"
    DESCRIPTION = "Description"
    FACE = "Face"


@dataclass(frozen=True, slots=True)
class Match:
    """A place where a video holds what was searched for."""

    kind: MatchKind
    text: str
    """The whole text."""
    found: str
    """What of it was searched for."""
    start_s: float = 0.0
    """Seconds from the first frame: when the face is first seen, 0 for texts about the whole video."""


@dataclass(frozen=True, slots=True)
class FoundVideo:
    """A video that was searched for."""

    video: Video
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Some of the videos that were searched for."""

    found: tuple[FoundVideo, ...]
    """Newest first."""
    total: int


def search_videos(
    services: Services, account_id: str, wanted: VideoFilter, *, skip: int, limit: int
) -> FoundPage:
    """Videos of an account that a filter means, each with the places that hold its words and names."""
    page = services.catalogue.find_videos(account_id, wanted, skip=skip, limit=limit)
    found = tuple(FoundVideo(video, _matches(services, video, wanted)) for video in page.videos)
    return FoundPage(found, page.total)


def _matches(services: Services, video: Video, wanted: VideoFilter) -> tuple[Match, ...]:
    words = tuple(wanted.words)
    if not words and not wanted.face_names:
        return ()
    texts = ((MatchKind.TITLE, video.details.name), (MatchKind.DESCRIPTION, video.details.description))
    matches = [
        Match(kind, text, found) for kind, text in texts if text for found in _occurrences(text, words)
    ]
    for face in _named_faces(services, video):
        for found in _occurrences(face.name, (*words, *wanted.face_names)):
            start_s = face.appearances[0].start_s if face.appearances else 0.0
            matches.append(Match(MatchKind.FACE, face.name, found, start_s))
    return tuple(matches)


def _named_faces(services: Services, video: Video) -> Sequence[Face]:
    """The faces that have names to search for; the index is read only where there is one."""
    if not video.has_faces_index or not services.catalogue.face_edits(video.account_id, video.video_id):
        return ()
    insights = read_insights(services, video)
    return [face for face in insights.faces if face.is_named] if insights else ()


def _occurrences(text: str, words: Iterable[str]) -> list[str]:
    """The words as the text spells them."""
    found = []
    for word in words:
        match = re.search(re.escape(word), text, re.IGNORECASE)
        if match:
            found.append(match[0])
    return found
