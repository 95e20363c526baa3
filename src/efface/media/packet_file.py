"""A file of encoded pictures between encoder and container: what one segment of a render leaves for the join.

No container of FFmpeg's gives back what an encoder made: each rewrites packets or parameter sets, rounds times or
forgets durations. So the packets are kept as they are, with a checksum each. The layout, from the start::

    magic     8 bytes
    packets   one behind the other
    table     one row per packet, see ``_ROW``
    notes     JSON: ``PartNotes``
    footer    see ``_FOOTER``; its checksum covers table and notes

The file is complete when it has a footer.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import SegmentError
from efface.domain.media import Damage
from efface.media.files import output_error

_MAGIC = b"efface\x01\n"
_ROW = np.dtype(
    [("pts", "<i8"), ("duration", "<i8"), ("size", "<u4"), ("crc", "<u4"), ("is_keyframe", "?")], align=False
)
_FOOTER = struct.Struct("<QQQI8s")
"""Bytes of packets, of table and of notes, checksum, magic."""


@dataclass(frozen=True, slots=True)
class PartNotes:
    """What is known of a part beside its packets."""

    rendering: str
    """Digest of all that the parts of one render must agree on: no part of another request is joined."""
    first_frame: int
    end_frame: int
    """Index behind the last frame."""
    num_masked_frames: int
    """Frames among them that hold a region of the plan."""
    damage: Damage
    """What of the source could not be read."""
    fingerprint: Mapping[str, str]
    """What the encoder was told."""
    extradata: bytes
    """The encoder's parameter sets; empty where the packets themselves hold them."""

    def __post_init__(self) -> None:
        if not 0 <= self.first_frame < self.end_frame:
            raise ValueError(f"a part needs a frame, not {self.first_frame} .. {self.end_frame}")

    def to_json(self) -> bytes:
        """As a JSON document."""
        return json.dumps(asdict(self) | {"extradata": self.extradata.hex()}).encode()

    @classmethod
    def from_json(cls, document: bytes) -> "PartNotes":
        """Read what ``to_json`` has given.

        Raises:
            ValueError, KeyError, TypeError: it is none.
        """
        fields: dict[str, Any] = json.loads(document)
        damage = fields["damage"]
        return cls(
            **fields
            | {
                "damage": Damage(int(damage["bad_packets"]), tuple(damage["messages"])),
                "extradata": bytes.fromhex(fields["extradata"]),
            }
        )


class PacketFileWriter:
    """A packet file in the making; ``atomic_output`` makes it appear whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[tuple[int, int, int, int, bool]] = []
        try:
            self._file: BinaryIO = path.open("wb")
            self._file.write(_MAGIC)
        except OSError as error:
            raise output_error(path, error) from error

    def write(self, packet: "av.Packet[Any]", pts: int) -> None:
        """Add the next packet in decoding order.

        Args:
            packet: from the encoder; its own PTS is not looked at.
            pts: when its frame is shown, in ticks of the source's time base.

        Raises:
            OutputError: the file cannot be written.
        """
        payload = memoryview(packet)
        crc = zlib.crc32(payload)
        self._rows.append((pts, packet.duration or 0, len(payload), crc, packet.is_keyframe))
        try:
            self._file.write(payload)
        except OSError as error:
            raise output_error(self._path, error) from error

    def finish(self, notes: PartNotes) -> None:
        """Write the end of the file and close it.

        Raises:
            OutputError: the file cannot be written.
        """
        table, document = np.array(self._rows, _ROW).tobytes(), notes.to_json()
        crc = zlib.crc32(document, zlib.crc32(table))
        num_bytes = sum(row[2] for row in self._rows)
        try:
            self._file.write(table + document)
            self._file.write(_FOOTER.pack(num_bytes, len(table), len(document), crc, _MAGIC))
            self._file.close()
        except OSError as error:
            raise output_error(self._path, error) from error

    def abandon(self) -> None:
        """Close the unfinished file; who made its name removes it."""
        self._file.close()


@contextmanager
def create_packet_file(path: Path) -> Iterator[PacketFileWriter]:
    """Write a packet file; the block calls ``finish`` at its end.

    Raises:
        OutputError: the file cannot be written.
    """
    writer = PacketFileWriter(path)
    try:
        yield writer
    finally:
        writer.abandon()


@dataclass(frozen=True, slots=True, eq=False)
class PacketFile:
    """A finished packet file. ``read_packet_file`` gives one; its packets are read one at a time."""

    path: Path
    notes: PartNotes
    pts: NDArray[np.int64]
    """(n,) when each packet's frame is shown, in decoding order, in ticks of the source's time base."""
    is_keyframe: NDArray[np.bool_]
    """(n,) whether decoding can begin at the packet."""
    _table: NDArray[Any]

    def packets(self) -> Iterator["av.Packet[Any]"]:
        """The packets as the encoder gave them, in decoding order, without times and without a stream.

        Raises:
            SegmentError: the file was changed since it was opened, or holds other bytes than were written.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(len(_MAGIC))
                for row in self._table:
                    payload = file.read(int(row["size"]))
                    if zlib.crc32(payload) != row["crc"]:
                        raise _damaged(self.path)
                    packet = av.Packet(payload)
                    packet.is_keyframe = bool(row["is_keyframe"])
                    packet.duration = int(row["duration"])
                    yield packet
        except OSError as error:
            raise _damaged(self.path) from error


def read_packet_file(path: Path) -> PacketFile:
    """Read what a packet file holds, without its packets.

    Raises:
        SegmentError: it is not there, or is none, or is not whole.
    """
    try:
        with path.open("rb") as file:
            table, document = _read_end(file, path)
        notes = PartNotes.from_json(document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    return PacketFile(path, notes, table["pts"].astype(np.int64), table["is_keyframe"], table)


def _read_end(file: BinaryIO, path: Path) -> tuple[NDArray[Any], bytes]:
    size = path.stat().st_size
    file.seek(max(0, size - _FOOTER.size))
    footer = file.read(_FOOTER.size)
    if len(footer) < _FOOTER.size:
        raise _damaged(path)
    num_bytes, table_bytes, document_bytes, crc, magic = _FOOTER.unpack(footer)
    start = len(_MAGIC) + num_bytes
    if magic != _MAGIC or start + table_bytes + document_bytes + _FOOTER.size != size:
        raise _damaged(path)
    file.seek(start)
    table, document = file.read(table_bytes), file.read(document_bytes)
    rows = np.frombuffer(table, _ROW)
    if zlib.crc32(document, zlib.crc32(table)) != crc or int(rows["size"].sum(dtype=np.int64)) != num_bytes:
        raise _damaged(path)
    return rows, document


def _damaged(path: Path) -> SegmentError:
    return SegmentError(
        f"{path} is not a whole part of a render: render that segment again, or the video in one piece"
    )
