"""Names of videos: as given, or made up from what is known."""

from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from efface.api.errors import ApiError, ErrorType
from efface.domain.text import printable

_LAST_RESORT = "video"
_NO_NAME = "None"
"""What a Python client sends that has no name."""


def video_name(given: str | None, limit: int, *, fallback: str | None) -> str:
    """The name of a new video.

    Args:
        given: by the client.
        limit: characters that a name may have.
        fallback: what it is called otherwise, cut to the limit.

    Raises:
        ApiError: 400, the given name is too long.
    """
    name = _printable(given or "")
    if name and name != _NO_NAME:
        if len(name) > limit:
            raise ApiError(
                400,
                ErrorType.VIDEO_NAME_TOO_LONG,
                f"'name' has {len(name)} characters: use at most {limit}.",
            )
        return name
    return _printable(fallback or "")[:limit].strip() or _LAST_RESORT


def redacted_name(given: str | None, original: str, limit: int) -> str:
    """The name of a redacted video: as given, else that of the original with ``-redacted`` behind it.

    Raises:
        ApiError: 400, the given name is too long.
    """
    ending = "-redacted"[:limit]
    return video_name(given, limit, fallback=original[: limit - len(ending)] + ending)


def file_name_of(name: str | None) -> str | None:
    """The last part of a file name that may hold folders."""
    parts = (name or "").replace("\\", "/").rsplit("/", maxsplit=1)
    return _printable(parts[-1]) or None


def name_in_url(url: str) -> str | None:
    """The file name at the end of a URL's path."""
    return file_name_of(unquote(PurePosixPath(urlsplit(url).path).name))


def _printable(text: str) -> str:
    """Without characters that would break a line, a header or a page."""
    return printable(text, " ").strip()
