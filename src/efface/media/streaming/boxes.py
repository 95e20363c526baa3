"""Reads the boxes that MP4 files are made of (ISO/IEC 14496-12)."""

import io
import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Box:
    """One box: where it lies, and its payload without the header."""

    kind: str
    """Four-character code, e.g. ``moof``."""
    offset: int
    """Of its header, from the start of the data that was read."""
    size: int
    """Bytes with the header."""
    payload: memoryview
    """What follows the header; empty where it was skipped."""

    @property
    def end(self) -> int:
        """First byte behind the box."""
        return self.offset + self.size

    def children(self, skip: int = 0) -> Iterator["Box"]:
        """The boxes inside; ``skip`` bytes of fields come before them."""
        return iter_boxes(self.payload[skip:])

    def child(self, *path: str) -> "Box":
        """The first box at a path of kinds below this one.

        Raises:
            ValueError: there is none.
        """
        found: Box = self
        for kind in path:
            below = next((box for box in found.children() if box.kind == kind), None)
            if below is None:
                raise ValueError(f"box {found.kind} holds no {kind}")
            found = below
        return found


def iter_boxes(data: memoryview) -> Iterator[Box]:
    """The boxes that fill some data, in order.

    Raises:
        ValueError: a box is cut short.
    """
    yield from scan_boxes(io.BytesIO(data), len(data))


def scan_boxes(file: BinaryIO, end: int, *, skipped: Container[str] = ()) -> Iterator[Box]:
    """The boxes of a file from its position on.

    Args:
        file: the open file; it is left somewhere else.
        end: where the last box has to end.
        skipped: kinds whose payload is not read, however large it is.

    Raises:
        ValueError: a box is cut short, or is none.
    """
    offset = file.tell()
    while offset < end:
        header = file.read(8)
        if len(header) < 8:
            raise ValueError(f"{len(header)} bytes are left over behind the last box")
        size, kind = int.from_bytes(header[:4], "big"), header[4:].decode("latin-1")
        length = 8
        if size == 1:
            size, length = int.from_bytes(file.read(8), "big"), 16
        if size < length or offset + size > end:
            raise ValueError(f"box {kind!r} claims {size} bytes, {end - offset} are there")
        payload = b"" if kind in skipped else file.read(size - length)
        yield Box(kind, offset, size, memoryview(payload))
        offset += size
        file.seek(offset)


@dataclass(frozen=True, slots=True)
class SampleRun:
    """When the samples (frames or blocks of sound) of one fragment are shown, in ticks of the track's timescale."""

    num_samples: int
    decode_start: int
    """Decoding time of the first sample."""
    decode_end: int
    """End of the last sample in decoding order."""
    start: int
    """Presentation time of the sample that is shown first."""
    end: int
    """End of the sample that is shown last."""
    is_random_access: bool
    """Whether the first sample can be decoded without any other."""


_TFHD_FIELDS = ((0x01, 8), (0x02, 4), (0x08, 4), (0x10, 4), (0x20, 4))
"""Optional fields of a track fragment header: flag and bytes, in order."""
_DURATION_FLAG, _SAMPLE_FLAGS_FLAG = 0x08, 0x20
_NOT_SYNC = 0x10000
_RUN_DURATION, _RUN_SIZE, _RUN_FLAGS, _RUN_OFFSET = _RUN_FIELDS = (0x100, 0x200, 0x400, 0x800)
"""Flags of the optional fields of each sample in a run, in order."""


def read_sample_run(moof: Box) -> SampleRun:
    """Times of the samples of a movie fragment that holds one run of one track.

    Raises:
        ValueError: the fragment is laid out in another way.
    """
    traf = moof.child("traf")
    defaults = _read_defaults(traf.child("tfhd").payload)
    run = traf.child("trun").payload
    version, flags = run[0], int.from_bytes(run[1:4], "big")
    (count,) = struct.unpack_from(">I", run, 4)
    at = 8 + (4 if flags & 0x01 else 0)
    first_flags = defaults.get(_SAMPLE_FLAGS_FLAG, 0)
    if flags & 0x04:
        (first_flags,) = struct.unpack_from(">I", run, at)
        at += 4
    present = [bit for bit in _RUN_FIELDS if flags & bit]
    if _RUN_FLAGS in present and not flags & 0x04 and count:
        (first_flags,) = struct.unpack_from(">I", run, at + 4 * present.index(_RUN_FLAGS))
    # Composition offsets are signed from version 1 on.
    sample = struct.Struct(">" + "".join("i" if bit == _RUN_OFFSET and version else "I" for bit in present))
    rows = list(sample.iter_unpack(run[at:])) if present else [()] * count
    if len(rows) != count or not rows:
        raise ValueError(f"a run claims {count} samples and lists {len(rows)}")
    decode = start = _read_decode_time(traf.child("tfdt").payload)
    shown: list[int] = []
    ends: list[int] = []
    for row in rows:
        values = dict(zip(present, row, strict=True))
        duration = values.get(_RUN_DURATION, defaults.get(_DURATION_FLAG, 0))
        shown.append(decode + values.get(_RUN_OFFSET, 0))
        ends.append(shown[-1] + duration)
        decode += duration
    return SampleRun(count, start, decode, min(shown), max(ends), not first_flags & _NOT_SYNC)


def _read_defaults(header: memoryview) -> dict[int, int]:
    flags, at, found = int.from_bytes(header[1:4], "big"), 8, {}
    for bit, length in _TFHD_FIELDS:
        if flags & bit:
            found[bit] = int.from_bytes(header[at : at + length], "big")
            at += length
    return found


def _read_decode_time(payload: memoryview) -> int:
    return int.from_bytes(payload[4:12] if payload[0] else payload[4:8], "big")
