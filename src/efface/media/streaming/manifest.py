"""What a streaming copy consists of: its files, their codecs, and the byte ranges of their fragments."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Self

from efface.domain.errors import InputError

_VERSION = 1
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_CODECS = re.compile(r"[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A span of bytes in a file."""

    offset: int
    length: int

    def __post_init__(self) -> None:
        _check_whole(offset=self.offset, length=self.length)
        if self.offset < 0 or self.length < 1:
            raise ValueError(f"a byte range of {self.length} bytes at {self.offset} holds nothing")

    @property
    def end(self) -> int:
        """First byte behind it."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class Fragment(ByteRange):
    """One fragment: a movie fragment box with its media data, decodable when the initialisation part is put before."""

    duration: int
    """Ticks of the track's timescale until the next fragment starts, or until the track ends."""

    def __post_init__(self) -> None:
        # Slots make a new class of this one, which the short form of super() would not find.
        ByteRange.__post_init__(self)
        _check_whole(duration=self.duration)
        if self.duration < 1:
            raise ValueError("a fragment must last at least one tick")


@dataclass(frozen=True, slots=True)
class StreamTrack:
    """One file of the stream, which holds one track."""

    file_name: str
    """Name in the folder of the stream."""
    codecs: str
    """By RFC 6381, e.g. ``avc1.640028`` or ``mp4a.40.2``."""
    timescale: int
    """Ticks per second."""
    start: int
    """When the first fragment is shown, in ticks on the clock that all tracks of the stream share."""
    init: ByteRange
    """The initialisation part: file type and movie header."""
    fragments: tuple[Fragment, ...]
    """In file order; they follow the initialisation part and one another without a gap."""

    def __post_init__(self) -> None:
        _check_whole(timescale=self.timescale, start=self.start)
        if not _FILE_NAME.fullmatch(self.file_name):
            raise ValueError(f"file name {self.file_name!r} is not a plain name")
        if not _CODECS.fullmatch(self.codecs):
            raise ValueError(f"codecs {self.codecs!r} is no codec name of RFC 6381")
        if self.timescale < 1 or self.start < 0 or not self.fragments:
            raise ValueError(f"{self.file_name} needs a timescale, a start and at least one fragment")
        if any(before.end != after.offset for before, after in pairwise((self.init, *self.fragments))):
            raise ValueError(f"the ranges of {self.file_name} do not follow one another")

    @property
    def num_bytes(self) -> int:
        """Length of the file."""
        return self.fragments[-1].end

    @property
    def duration(self) -> Fraction:
        """Seconds from the start of the first fragment to the end of the last."""
        return Fraction(sum(fragment.duration for fragment in self.fragments), self.timescale)

    @property
    def start_s(self) -> Fraction:
        """Seconds at which the first fragment is shown, on the clock of the stream."""
        return Fraction(self.start, self.timescale)

    @property
    def longest_fragment(self) -> Fraction:
        """Seconds of the longest fragment."""
        return Fraction(max(fragment.duration for fragment in self.fragments), self.timescale)

    @property
    def average_bandwidth(self) -> int:
        """Bits per second over the whole track, fragment headers included; rounded up."""
        return math.ceil(sum(fragment.length for fragment in self.fragments) * 8 / self.duration)

    @property
    def peak_bandwidth(self) -> int:
        """Greatest bits per second as RFC 8216 section 4.3.4.2 defines it; rounded up.

        That is over all runs of fragments that last between half and one and a half of the target duration, so a
        last fragment of a single key frame does not count by itself.
        """
        target = hls_target_duration(self) * self.timescale
        peak = Fraction(self.average_bandwidth)
        for first in range(len(self.fragments)):
            num_bytes = ticks = 0
            for fragment in self.fragments[first:]:
                num_bytes, ticks = num_bytes + fragment.length, ticks + fragment.duration
                if 2 * ticks > 3 * target:
                    break
                if 2 * ticks >= target:
                    peak = max(peak, Fraction(num_bytes * 8 * self.timescale, ticks))
        return math.ceil(peak)

    def to_document(self) -> dict[str, Any]:
        """As values that JSON holds; ``from_document`` reads them."""
        return {
            "file": self.file_name,
            "codecs": self.codecs,
            "timescale": self.timescale,
            "start": self.start,
            "duration_s": float(self.duration),
            "peak_bandwidth": self.peak_bandwidth,
            "average_bandwidth": self.average_bandwidth,
            "init": [self.init.offset, self.init.length],
            "fragments": [[each.offset, each.length, each.duration] for each in self.fragments],
        }

    @staticmethod
    def _fields(document: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "file_name": _text(document["file"]),
            "codecs": _text(document["codecs"]),
            "timescale": document["timescale"],
            "start": document["start"],
            "init": ByteRange(*document["init"]),
            "fragments": tuple(Fragment(*each) for each in document["fragments"]),
        }


@dataclass(frozen=True, slots=True)
class VideoTrack(StreamTrack):
    """The picture."""

    width: int
    """Pixels, which are square; the picture is upright."""
    height: int
    frame_rate: Fraction
    """Average frames per second."""

    def __post_init__(self) -> None:
        StreamTrack.__post_init__(self)
        _check_whole(width=self.width, height=self.height)
        if min(self.width, self.height) < 1 or self.frame_rate <= 0:
            raise ValueError(f"{self.file_name} needs a size and a frame rate above 0")

    def to_document(self) -> dict[str, Any]:
        """As values that JSON holds; ``from_document`` reads them."""
        rate = f"{self.frame_rate.numerator}/{self.frame_rate.denominator}"
        return {
            **StreamTrack.to_document(self),
            "width": self.width,
            "height": self.height,
            "frame_rate": rate,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_document`` wrote.

        Raises:
            KeyError, TypeError, ValueError, ZeroDivisionError: it is something else.
        """
        return cls(
            **cls._fields(document),
            width=document["width"],
            height=document["height"],
            frame_rate=Fraction(_text(document["frame_rate"])),
        )


@dataclass(frozen=True, slots=True)
class AudioTrack(StreamTrack):
    """The sound."""

    sample_rate: int
    """Samples per second."""
    channels: int

    def __post_init__(self) -> None:
        StreamTrack.__post_init__(self)
        _check_whole(sample_rate=self.sample_rate, channels=self.channels)
        if min(self.sample_rate, self.channels) < 1:
            raise ValueError(f"{self.file_name} needs a sample rate and channels")

    def to_document(self) -> dict[str, Any]:
        """As values that JSON holds; ``from_document`` reads them."""
        sound = {"sample_rate": self.sample_rate, "channels": self.channels}
        return {**StreamTrack.to_document(self), **sound}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_document`` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        return cls(
            **cls._fields(document), sample_rate=document["sample_rate"], channels=document["channels"]
        )


@dataclass(frozen=True, slots=True)
class StreamManifest:
    """A streaming copy: the picture, the sound if there is one, and what they do not keep of the source."""

    video: VideoTrack
    audio: AudioTrack | None = None
    notices: tuple[str, ...] = ()
    """What the stream loses of the source, for people."""

    @property
    def tracks(self) -> tuple[StreamTrack, ...]:
        """Picture first."""
        return (self.video,) if self.audio is None else (self.video, self.audio)

    @property
    def start_s(self) -> Fraction:
        """Where the stream starts on the clock of its tracks; players are to show this moment as 0."""
        return min(track.start_s for track in self.tracks)

    @property
    def duration(self) -> Fraction:
        """Seconds from the start of the earliest track to the end of the latest."""
        return max(track.start_s + track.duration for track in self.tracks) - self.start_s

    @property
    def duration_s(self) -> float:
        """``duration`` for people."""
        return float(self.duration)

    def to_document(self) -> dict[str, Any]:
        """As a dict that JSON holds; ``from_document`` reads it."""
        return {
            "version": _VERSION,
            "duration_s": self.duration_s,
            "video": self.video.to_document(),
            "audio": self.audio.to_document() if self.audio else None,
            "notices": list(self.notices),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what ``to_document`` wrote. Durations and bandwidths are computed anew, never taken over.

        Raises:
            InputError: it is something else, or its parts contradict one another.
        """
        try:
            if document["version"] != _VERSION:
                raise ValueError(f"version {document['version']!r} is not {_VERSION}")
            audio = document["audio"]
            return cls(
                VideoTrack.from_document(document["video"]),
                None if audio is None else AudioTrack.from_document(audio),
                tuple(_text(notice) for notice in document["notices"]),
            )
        except KeyError as error:
            raise _unusable(f"the field {error} is missing") from error
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise _unusable(str(error)) from error


def hls_target_duration(track: StreamTrack) -> int:
    """Whole seconds that no fragment outlasts: EXT-X-TARGETDURATION of HLS; at least 1."""
    return max(1, math.ceil(track.longest_fragment))


def _unusable(reason: str) -> InputError:
    return InputError(f"the stream manifest cannot be used ({reason}): make the stream anew")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _check_whole(**values: object) -> None:
    for name, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be a whole number, not {value!r}")


def join_fragments(ranges: Sequence[ByteRange], starts: Sequence[int], end: int) -> tuple[Fragment, ...]:
    """Fragments that each last until the next one starts.

    Args:
        ranges: where they lie.
        starts: when each is shown, in ticks; increasing.
        end: when the last one ends.
    """
    ends = (*starts[1:], end)
    return tuple(
        Fragment(span.offset, span.length, stop - start)
        for span, start, stop in zip(ranges, starts, ends, strict=True)
    )
