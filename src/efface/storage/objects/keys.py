"""Which keys there can be."""

import re

from efface.domain.errors import ArtifactNotFoundError, RequestError

# No dot in front: ".." leads out of a folder, and hidden names are those of files that are not finished yet.
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,199}){0,31}")


def is_key(key: str) -> bool:
    """Whether an object may have this key: 1 to 32 names joined by slashes, of letters, digits, ``.``, ``_``, ``-``."""
    return _KEY.fullmatch(key) is not None


def require_key(key: str) -> str:
    """The key, to write to or to delete.

    Raises:
        RequestError: no object may have it.
    """
    if not is_key(key):
        raise RequestError(
            f"{key!r} is no key of an object: give names of letters, digits, dots, dashes and underscores, joined by /"
        )
    return key


def no_object(key: str) -> ArtifactNotFoundError:
    """The error for an object that is not there."""
    return ArtifactNotFoundError(f"there is no object {key!r}: it was never written, or was deleted")
