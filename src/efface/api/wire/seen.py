"""The state of a video that somebody has looked at: the entity tag of its tracks binds what is chosen from them."""

import json
import re

from fastapi import Request

from efface.api.errors import ApiError, ErrorType
from efface.usecases.redactions import SeenState
from efface.usecases.tracks import VideoTracks

_ENTITY_TAG = re.compile(r'(?:W/)?"(\d{1,9})\.(\d{1,9})"')


def tracks_tag(found: VideoTracks) -> str:
    """The tag of what was found: the index, and the corrections over it."""
    return f'"{found.index_version}.{found.corrected.saved.revision}"'


def seen_state(request: Request) -> SeenState | None:
    """What the header ``If-Match`` names, None where any state will do.

    Raises:
        ApiError: 400, it names nothing that is handed out.
    """
    given = request.headers.get("if-match", "*").strip()
    if given == "*":
        return None
    match = _ENTITY_TAG.fullmatch(given)
    if match is None:
        raise ApiError(
            400,
            ErrorType.INVALID_INPUT,
            f"'If-Match' is {json.dumps(given[:80])}: send the ETag of the video's tracks, such as \"1.0\", "
            "or leave the header out.",
        )
    return SeenState(int(match[1]), int(match[2]))
