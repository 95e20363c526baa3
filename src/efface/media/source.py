"""Opening a sniffed file with FFmpeg, and choosing the track that is the picture."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from efface.domain.errors import (
    DamagedMediaError,
    InputError,
    MediaNotFoundError,
    MediaTooLargeError,
    NoVideoError,
    UnsupportedMediaError,
)
from efface.media.signatures import VideoContainer
from efface.media.sniff import read_head, sniff_container

MAX_SIDE_PX = 16384
MAX_PIXELS = 100_000_000
"""Larger pictures are refused: a frame of this size and the decoder's references fill gigabytes."""

NOT_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails
"""Marks of video tracks that hold cover art."""
_STILL_CODECS = frozenset(["apng", "bmp", "gif", "jpeg2000", "jpegls", "mjpeg", "png", "tiff", "webp"])
_ENCRYPTION_MARKS = re.compile(rb"encv|enca|pssh|\x50\x35.{1,8}\x47[\xe1-\xe8]", re.DOTALL)
"""MP4's names of encrypted tracks; Matroska's ContentEncryption with an element of its own."""
_MARKS_WITHIN_BYTES = 4 << 20


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a local video file with the one demuxer that its content calls for.

    Raises:
        MediaNotFoundError, UnsupportedMediaError, NoVideoError: as ``sniff_container``.
        DamagedMediaError: the headers cannot be read.
    """
    found = sniff_container(path)
    with _open(path, found) as container:
        yield container


def _open(path: Path, found: VideoContainer) -> InputContainer:
    options = {
        # One file and nothing else: no other protocol, no external data reference, no other demuxer.
        "protocol_whitelist": "file",
        "format_whitelist": found.demuxer,
        # Keeps header probing from allocating pictures that would be refused anyway.
        "max_pixels": str(MAX_PIXELS),
    }
    if found.demuxer.startswith("mov"):
        options["enable_drefs"] = "0"
    try:
        return av.open(
            # With the prefix, a name like "http:x.mp4" or "concat:x" stays the name of a local file.
            f"file:{path.absolute()}",
            "r",
            format=found.demuxer.split(",")[0],
            options=options,
            # A real phone's .3gp has a title that is not UTF-8.
            metadata_errors="ignore",
        )
    except av.error.FFmpegError as error:
        raise open_error(path, found.title, error) from error


def open_error(path: Path, title: str, error: av.error.FFmpegError) -> InputError:
    """The error to raise where FFmpeg cannot open a file."""
    if isinstance(error, av.error.PermissionError | av.error.FileNotFoundError):
        return MediaNotFoundError(f"{path} cannot be read: {error.strerror}")
    if is_marked_encrypted(path):
        return _encrypted(path)
    if isinstance(error, av.error.LookupError):
        return UnsupportedMediaError(
            f"{path} cannot be opened, as this FFmpeg lacks a part: {error.strerror}"
        )
    reason = str(error.strerror or error).rstrip(".")
    return DamagedMediaError(
        f"{path} looks like {title} but its headers cannot be read ({reason}): fetch or export it again"
    )


def is_marked_encrypted(path: Path) -> bool:
    """True when the first megabytes carry a mark of encryption; only for wording a failure, as it may err."""
    return bool(_ENCRYPTION_MARKS.search(read_head(path, _MARKS_WITHIN_BYTES)))


def _encrypted(path: Path) -> UnsupportedMediaError:
    return UnsupportedMediaError(f"{path} is encrypted (DRM): give a copy without copy protection")


def picture_candidates(container: InputContainer, path: Path) -> list[VideoStream]:
    """The tracks that may be the picture, likeliest first: never cover art, then by greatest claimed area.

    Raises:
        NoVideoError: no picture track, or only cover art.
        UnsupportedMediaError: no decoder for any of them.
    """
    tracks = [track for track in container.streams.video if not track.disposition & NOT_PICTURES]
    if not tracks:
        raise NoVideoError(f"{path} has no picture track: give a video")
    decodable = [track for track in tracks if track.codec_context is not None]
    if not decodable:
        if is_marked_encrypted(path):
            raise _encrypted(path)
        raise UnsupportedMediaError(
            f"{path} has a picture track of a codec that FFmpeg cannot decode: convert it to H.264 first"
        )
    moving = [track for track in decodable if track.codec_context.name not in _STILL_CODECS]
    return sorted(moving or decodable, key=_rank)


def _rank(track: VideoStream) -> tuple[bool, int, bool, int]:
    width, height = track.codec_context.width, track.codec_context.height
    is_believable = 0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX and width * height <= MAX_PIXELS
    is_default = bool(track.disposition & Disposition.default)
    return not is_believable, -width * height, not is_default, track.index


def first_frame(container: InputContainer, track: VideoStream, path: Path) -> av.VideoFrame | None:
    """The first frame of a track that can be decoded, None where there is none.

    Raises:
        UnsupportedMediaError: the track is encrypted.
        MediaTooLargeError: the picture is beyond the limits.
    """
    limit_pictures(track.codec_context)
    # Noted now, because a decoder that refuses a size forgets it.
    claimed = (track.codec_context.width, track.codec_context.height)
    # One thread: more would only decode frames that nobody asked for.
    track.codec_context.thread_count = 1
    reason: av.error.FFmpegError | None = None
    for packet in read_packets(container, [track]):
        if isinstance(packet, av.error.FFmpegError):
            reason = packet
            continue
        if packet.has_sidedata("encryption_info"):
            raise _encrypted(path)
        try:
            frames = track.decode(packet)
        except av.error.FFmpegError as error:
            reason = error
            continue
        if frames:
            return _within_limits(frames[0], path)
    frames = _drain(track)
    if frames:
        return _within_limits(frames[0], path)
    if is_marked_encrypted(path):
        raise _encrypted(path) from reason
    # Only now: where a frame does decode, a header that claims too much is not held against the file.
    check_limits(*claimed, path)
    return None


def _drain(track: VideoStream) -> list[av.VideoFrame]:
    try:
        return track.decode(None)
    except av.error.FFmpegError:
        return []


def _within_limits(frame: av.VideoFrame, path: Path) -> av.VideoFrame:
    check_limits(frame.width, frame.height, path)
    return frame


def check_limits(width: int, height: int, path: Path) -> None:
    """Refuse pictures beyond the limits.

    Raises:
        MediaTooLargeError: a side or the area is too great.
    """
    if width > MAX_SIDE_PX or height > MAX_SIDE_PX or width * height > MAX_PIXELS:
        raise MediaTooLargeError(
            f"{path} has a picture of {width}x{height} pixels: "
            f"scale it to at most {MAX_SIDE_PX} pixels a side and {MAX_PIXELS // 1_000_000} megapixels"
        )


def limit_pictures(context: VideoCodecContext) -> None:
    """Make a decoder, before its first packet, refuse pictures beyond the limits before it allocates them."""
    context.options = {"max_pixels": str(MAX_PIXELS)}


_MAX_READ_ERRORS = 64
"""Errors of the demuxer in a row after which the rest of the file is given up."""


def read_packets(
    container: InputContainer, tracks: list[Any]
) -> Iterator["av.Packet[Any] | av.error.FFmpegError"]:
    """Packets of some tracks in file order; errors of the demuxer among them do not end it."""
    num_errors = 0
    while num_errors < _MAX_READ_ERRORS:
        packets = container.demux(tracks)
        try:
            for packet in packets:
                # An empty packet would end a decoder: those at the end, and of frames dropped from an AVI.
                if packet.size:
                    num_errors = 0
                    yield packet
        except av.error.FFmpegError as error:
            num_errors += 1
            yield error
        else:
            return
