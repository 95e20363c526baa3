"""Tells by content, never by name, what a file is, before FFmpeg gets to see it."""

import os
import stat
from pathlib import Path

from efface.domain.errors import MediaNotFoundError, NoVideoError, UnsupportedMediaError
from efface.domain.media import MediaKind
from efface.media.signatures import HEAD_BYTES, AudioOnly, Refused, StillImage, VideoContainer, recognise


def sniff(path: Path) -> MediaKind:
    """Whether a local file is a video or a picture. An animated GIF, and any other GIF, is a video.

    Raises:
        MediaNotFoundError: no such file, or it cannot be read.
        UnsupportedMediaError: not a regular file, or of a kind that efface does not open.
        NoVideoError: a sound file.
    """
    return MediaKind.VIDEO if isinstance(_recognise_file(path), VideoContainer) else MediaKind.IMAGE


def sniff_container(path: Path) -> VideoContainer:
    """The container of a local video file, and with it the only demuxer that may read it.

    Raises:
        MediaNotFoundError: no such file, or it cannot be read.
        UnsupportedMediaError: not a regular file, a still picture, or of a kind that efface does not open.
        NoVideoError: a sound file.
    """
    found = _recognise_file(path)
    if isinstance(found, StillImage):
        raise UnsupportedMediaError(
            f"{path} is a {found.title} picture, not a video: give a video (`efface redact` takes pictures too)"
        )
    return found


def read_head(path: Path, num_bytes: int = HEAD_BYTES) -> bytes:
    """The first bytes of a regular local file.

    Raises:
        MediaNotFoundError: no such file, a folder, or it cannot be read.
        UnsupportedMediaError: a pipe, a socket or a device.
    """
    try:
        # Not blocking, because opening a pipe would wait for its writer.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise MediaNotFoundError(f"{path} does not exist: check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaNotFoundError(f"{path} cannot be read: {reason}") from error
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise MediaNotFoundError(f"{path} is a folder: give a file")
        if not stat.S_ISREG(mode):
            raise UnsupportedMediaError(f"{path} is a pipe or a device: save it as a file first")
        return os.read(handle, num_bytes)
    except OSError as error:
        raise MediaNotFoundError(f"{path} cannot be read: {error.strerror}") from error
    finally:
        os.close(handle)


def _recognise_file(path: Path) -> VideoContainer | StillImage:
    head = read_head(path)
    if not head:
        raise UnsupportedMediaError(f"{path} is empty: give a video or a picture")
    found = recognise(head)
    if isinstance(found, Refused):
        raise UnsupportedMediaError(f"{path} is {found.title}, not media that efface opens: {found.way_out}")
    if isinstance(found, AudioOnly):
        raise NoVideoError(f"{path} is a {found.title} sound file without a picture: give a video")
    if found is None:
        raise UnsupportedMediaError(
            f"{path} does not start like any kind of video or picture that efface opens: {_hint(head)}"
        )
    return found


def _hint(head: bytes) -> str:
    at = head.find(b"ftyp")
    if at > 4:
        return f"an MP4 file seems to start {at - 4} bytes in, so cut off what is before it"
    if not any(head):
        return "it begins with nothing but zero bytes, so fetch or recover it again"
    return "check that it is complete and not encrypted"
