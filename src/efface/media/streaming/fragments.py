"""Writes a fragmented MP4 of one track."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import OutputContainer

from efface.domain.errors import OutputError
from efface.media.copied_tracks import BAD_PACKET
from efface.media.files import output_error

FRAGMENT_S = 4
"""Aim for the length of a fragment, in seconds."""
_MIN_FRAGMENT_S = Fraction(7, 2)
"""A key frame begins a new fragment when the present one is as long as this: every fourth of a source with key
frames each second, and each one of a source with key frames every four seconds or a little less."""
MAX_START_GAP_S = Fraction(1, 10)
"""A track that starts later than this after the other is made to start with it: players stall over such gaps."""
_US_PER_S = 1_000_000
_MAX_TICKS_PER_S = 1_000_000
_BITEXACT = 0x400
"""AVFMT_FLAG_BITEXACT: no version of any library in the file."""
_FLAGS = "+empty_moov+default_base_moof+skip_trailer+frag_discont"
"""``frag_discont`` makes the first fragment's decode time that of its first packet instead of 0, which keeps tracks
that start at different times in step without an edit list. No trailer: byte ranges stand in the manifest."""


class FragmentWriter:
    """A fragmented MP4 in the making. ``create_fragments`` gives one."""

    def __init__(self, path: Path, container: OutputContainer) -> None:
        self.container = container
        """PyAV's container, to add its one stream to."""
        self.num_lost = 0
        """Packets that the container refused."""
        self._path = path

    def mux(self, packets: Iterable["av.Packet[Any]"]) -> None:
        """Write packets, in decoding order; a damaged one is left out and counted."""
        for packet in packets:
            try:
                self.container.mux_one(packet)
            except BAD_PACKET:
                self.num_lost += 1


@contextmanager
def create_fragments(path: Path, *, has_keyframes: bool) -> Iterator[FragmentWriter]:
    """Write a file of one track; use ``atomic_output`` around it.

    Args:
        path: where to write; a file that is there is replaced.
        has_keyframes: whether only some packets can be decoded by themselves, as in a picture; fragments begin at
            those. Sound is cut by time.

    Raises:
        OutputError: the file cannot be written, or FFmpeg refuses what it is given.
    """
    cut = {"movflags": _FLAGS, "frag_duration": str(FRAGMENT_S * _US_PER_S)}
    if has_keyframes:
        least = int(_MIN_FRAGMENT_S * _US_PER_S)
        cut = {"movflags": f"{_FLAGS}+frag_keyframe", "min_frag_duration": str(least)}
    # Nothing moves a track in time: its first packet may be later than 0, and that must stay.
    options = {**cut, "avoid_negative_ts": "disabled", "use_editlist": "0"}
    try:
        container = av.open(str(path), "w", format="mp4", container_options=options)
        assert isinstance(container, OutputContainer)
        container.flags |= _BITEXACT
        try:
            yield FragmentWriter(path, container)
        except BaseException:
            with suppress(av.error.FFmpegError):
                container.close()
            raise
        container.close()
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            raise output_error(path, error) from error
        raise OutputError(
            f"cannot write {path}: FFmpeg refused it ({error.strerror}): try another source"
        ) from error


def track_base(source: Fraction) -> Fraction:
    """Seconds per tick of a track that is made from one of a certain time base; holds its times exactly.

    Only time bases finer than a microsecond are made coarser: at a nanosecond, a sample of five seconds would not fit
    the 32 bits of its duration.
    """
    return Fraction(1, source.denominator if source.denominator <= _MAX_TICKS_PER_S else 90_000)


def rescaled(ticks: int, source: Fraction, target: Fraction) -> int:
    """A time in other ticks, rounded where it must be."""
    return round(ticks * source / target)
