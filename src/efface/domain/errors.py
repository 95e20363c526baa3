"""Every error that efface raises on purpose.

The tree, by what the caller can do about it::

    EffaceError
    ├── InputError              mend the input or the arguments
    │   ├── MediaNotFoundError      the path does not exist or cannot be read
    │   ├── UnsupportedMediaError   not a media file that efface opens (playlist, text, DRM, no decoder)
    │   ├── NoVideoError            a media file without a picture track
    │   ├── DamagedMediaError       a media file of which no frame can be decoded
    │   ├── MediaTooLargeError      a picture beyond the documented limits
    │   ├── RequestError            an option or a field with a wrong value
    │   │   └── UnknownFaceError        face ids that the index does not hold
    │   ├── IndexFormatError        a file that is not a readable face index
    │   ├── EditsFormatError        a file that does not hold corrections by hand
    │   └── IndexMismatchError      an index that was made from another video
    ├── OutputError             choose another output, or free some room
    │   └── DiskFullError           free some room
    ├── SegmentError            the video cannot be done in segments: do it in one piece
    ├── WeightsError            install or name the network weights again
    ├── ConfigurationError      a setting of the service that cannot be used
    ├── NotFoundError           ask for something that is there
    │   ├── AccountNotFoundError
    │   ├── VideoNotFoundError
    │   ├── JobNotFoundError
    │   ├── ArtifactNotFoundError   a picture, a file or a stream that the video does not have
    │   └── SourceDeletedError      the video's own file was deleted, the video is still there
    ├── ConflictError           the video is in a state that forbids it: wait, or choose another
    │   ├── VideoBusyError          it is being worked on
    │   ├── DuplicateVideoError     the same content is there already
    │   └── EditsChangedError       somebody has saved other corrections since: read them again
    ├── QueueFullError          too much work is pending: come back later
    ├── ServiceUnavailableError a database, store or queue does not answer; trying again may help
    └── Cancelled               the caller asked to stop; nothing was left behind

A message is one sentence that names the file or the field and says the way out.
"""

import errno
from collections.abc import Iterable

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class EffaceError(Exception):
    """Root of all errors that efface raises on purpose; anything else is a bug.

    Example:
        >>> try:
        ...     raise NoVideoError("talk.m4a has no video track: give a file with a picture")
        ... except EffaceError as error:
        ...     print(error.error_type)
        NoVideoError
    """

    @property
    def error_type(self) -> str:
        """Stable name of the error for ``--json`` output and service answers."""
        return type(self).__name__


class InputError(EffaceError):
    """The input or the arguments cannot be used as they are."""


class MediaNotFoundError(InputError):
    """The file does not exist, is a folder, or may not be read."""


class UnsupportedMediaError(InputError):
    """The file is not media that efface opens: a playlist, text, encrypted, or of no known codec."""


class NoVideoError(InputError):
    """The file is media, but has no picture track."""


class DamagedMediaError(InputError):
    """The file is media, but not one frame of it can be decoded."""


class MediaTooLargeError(InputError):
    """The picture is larger than the documented limits."""


class RequestError(InputError):
    """An option or a field has a value that cannot be used."""


class UnknownFaceError(RequestError):
    """The request names face ids that the index does not hold."""

    def __init__(self, unknown: Iterable[int], known: Iterable[int]) -> None:
        self.unknown = tuple(sorted(unknown))
        self.known = tuple(sorted(known))
        wrong = ", ".join(map(str, self.unknown))
        right = ", ".join(map(str, self.known)) or "none"
        super().__init__(f"face id {wrong} is not in the index: it holds {right}")


class IndexFormatError(InputError):
    """The file is not a face index, or one of a version that this efface cannot read."""


class EditsFormatError(InputError):
    """The file does not hold corrections by hand, or is of a version that this efface cannot read."""


class IndexMismatchError(InputError):
    """The index, or the corrections of it, were made from another video than the one given."""


class OutputError(EffaceError):
    """The result cannot be written where or how it was asked for."""


class DiskFullError(OutputError):
    """There is no room on the disk for what was to be written."""


class SegmentError(EffaceError):
    """The video cannot be rendered in segments, or those that were rendered do not fit together.

    Nothing is wrong with the video or the request: rendered in one piece, it works or tells what is wrong.
    """


class WeightsError(EffaceError):
    """Network weights are missing, altered, or of a form that the detector cannot run."""


class ConfigurationError(EffaceError):
    """A setting of the service has a value that cannot be used."""


class NotFoundError(EffaceError):
    """What was asked for is not there, or belongs to somebody else; the two are never told apart."""


class AccountNotFoundError(NotFoundError):
    """No such account."""


class VideoNotFoundError(NotFoundError):
    """No such video in the account."""


class JobNotFoundError(NotFoundError):
    """No such job in the account."""


class ArtifactNotFoundError(NotFoundError):
    """The video has no such picture, file or stream."""


class SourceDeletedError(NotFoundError):
    """The file of the video was deleted; what is known of the video is still there."""


class ConflictError(EffaceError):
    """The state of a video forbids what was asked for."""


class VideoBusyError(ConflictError):
    """The video is being worked on."""


class DuplicateVideoError(ConflictError):
    """The same content is in the account already."""

    def __init__(self, video_id: str) -> None:
        self.video_id = video_id
        super().__init__(
            f"the account holds this video already, video id: '{video_id}': use that one, or allow duplicates"
        )


class EditsChangedError(ConflictError):
    """Corrections were saved by somebody else since the ones that were changed had been read."""

    def __init__(self, expected: int, current: int) -> None:
        self.expected = expected
        self.current = current
        super().__init__(
            f"revision {expected} of the corrections is not the newest any more, {current} is: "
            "read that one and make your changes to it"
        )


class VideoChangedError(ConflictError):
    """A video was analysed or corrected anew since somebody looked at it and chose."""


class QueueFullError(EffaceError):
    """So much work is pending that no more is taken."""


class ServiceUnavailableError(EffaceError):
    """A database, an object store or a queue does not answer; the same call may succeed later."""


class Cancelled(EffaceError):
    """The work was stopped on request; no partial result was left behind."""


def is_disk_full(error: OSError) -> bool:
    """Whether the system has refused to write for want of room, of the disk or of a quota."""
    return error.errno in _NO_ROOM
