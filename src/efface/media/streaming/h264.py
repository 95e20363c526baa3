"""Looks at H.264 packets without decoding them: can a decoder start here, and is the packet whole?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_START_CODE = re.compile(rb"\x00\x00\x01")
_IDR, _SPS, _PPS = 5, 7, 8
_COPYABLE_PROFILES = frozenset({66, 77, 100})
"""Baseline, Main and High: what every browser decodes (ITU-T H.264 annex A)."""


@dataclass(frozen=True, slots=True)
class PacketFacts:
    """What the NAL units of one packet tell."""

    is_whole: bool
    """Whether its units fill it exactly and none carries the mark of damage."""
    has_idr: bool
    """Whether it is an instantaneous refresh, so that nothing after it refers to anything before it."""
    is_self_consistent: bool
    """Whether it brings no parameter sets but those of the header."""


class H264Packets:
    """Reads packets of one track, in MP4's form (lengths) or that of a byte stream (start codes)."""

    def __init__(self, extradata: bytes) -> None:
        """
        Args:
            extradata: FFmpeg's, an AVCDecoderConfigurationRecord or parameter sets with start codes.

        Raises:
            ValueError: it is neither, or holds no parameter sets.
        """
        self._length_bytes = 0
        if extradata[:1] == b"\x01" and len(extradata) > 6:
            self._length_bytes = (extradata[4] & 3) + 1
            sets = list(_sets_of_record(extradata))
        else:
            sets = [bytes(unit) for unit in _split_byte_stream(extradata)]
        profiles = [unit[1] for unit in sets if len(unit) > 3 and unit[0] & 31 == _SPS]
        if not profiles:
            raise ValueError("the header holds no sequence parameter set")
        self.is_of_copyable_profile = set(profiles) <= _COPYABLE_PROFILES
        """Whether every browser decodes the profile."""
        self._known = frozenset(_trimmed(unit) for unit in sets)

    def look_at(self, packet: memoryview | bytes) -> PacketFacts:
        """What one packet holds."""
        has_idr, is_consistent, is_whole = False, True, True
        view = memoryview(packet)
        units = self._split_lengths(view) if self._length_bytes else _split_byte_stream(view)
        num_pictures = 0
        for unit in units:
            if not len(unit) or unit[0] & 0x80:
                # The forbidden bit; or a length that does not fit.
                is_whole = False
                break
            kind = unit[0] & 31
            num_pictures += 1 <= kind <= _IDR
            has_idr |= kind == _IDR
            if kind in {_SPS, _PPS}:
                is_consistent &= _trimmed(unit) in self._known
        return PacketFacts(is_whole and num_pictures > 0, has_idr, is_consistent)

    def _split_lengths(self, view: memoryview) -> Iterator[memoryview]:
        at, size = 0, self._length_bytes
        while at < len(view):
            length = int.from_bytes(view[at : at + size], "big")
            at += size
            yield view[at : at + length] if 0 < length <= len(view) - at else view[:0]
            at += length


def _trimmed(unit: memoryview | bytes) -> bytes:
    """Without the zero bytes that may follow a unit of a byte stream."""
    return bytes(unit).rstrip(b"\x00")


def _split_byte_stream(data: memoryview | bytes) -> Iterator[memoryview]:
    view = memoryview(data)
    starts = [found.end() for found in _START_CODE.finditer(data)]
    for start, following in pairwise([*starts, len(view) + 3]):
        yield view[start : following - 3]


def _sets_of_record(record: bytes) -> Iterator[bytes]:
    """Parameter sets of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1)."""
    at = 5
    for mask in (0x1F, 0xFF):
        if at >= len(record):
            return
        count = record[at] & mask
        at += 1
        for _ in range(count):
            length = int.from_bytes(record[at : at + 2], "big")
            yield record[at + 2 : at + 2 + length]
            at += 2 + length
