"""What a packet file gives back, and what it refuses to be."""

import dataclasses
from pathlib import Path

import av
import pytest

from efface.domain.errors import OutputError, SegmentError
from efface.domain.media import Damage
from efface.media.packet_file import PartNotes, create_packet_file, read_packet_file

NOTES = PartNotes(
    rendering="ab" * 32,
    first_frame=7,
    end_frame=9,
    num_masked_frames=1,
    damage=Damage(2, ("Invalid data found — “so it says”",)),
    fingerprint={"codec": "libx264", "options": "crf=20,preset=superfast"},
    extradata=b"\0\0\1\x67\xff",
)


def packet(payload: bytes, duration: int, *, is_keyframe: bool) -> "av.Packet":  # type: ignore[type-arg]
    made = av.Packet(payload)
    made.duration, made.is_keyframe = duration, is_keyframe
    return made


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / "0.part"
    with create_packet_file(path) as writer:
        writer.write(packet(b"key frame", 40, is_keyframe=True), -10)
        writer.write(packet(b"\0", 41, is_keyframe=False), 2**40)
        writer.finish(NOTES)
    return path


def test_packets_and_notes_come_back_as_they_were(part: Path) -> None:
    found = read_packet_file(part)
    assert found.notes == NOTES
    assert found.pts.tolist() == [-10, 2**40]
    assert found.is_keyframe.tolist() == [True, False]
    packets = list(found.packets())
    assert [bytes(each) for each in packets] == [b"key frame", b"\0"]
    assert [each.duration for each in packets] == [40, 41]
    assert [each.is_keyframe for each in packets] == [True, False]


def test_no_single_byte_can_change_without_being_found(part: Path) -> None:
    whole = part.read_bytes()
    # The magic at the beginning only tells people and tools what the file is.
    for position in range(8, len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 0x10
        part.write_bytes(changed)
        with pytest.raises(SegmentError, match=r"0\.part"):
            list(read_packet_file(part).packets())


def test_a_file_cut_anywhere_is_refused(part: Path) -> None:
    whole = part.read_bytes()
    for length in range(len(whole)):
        part.write_bytes(whole[:length])
        with pytest.raises(SegmentError, match="not a whole part"):
            read_packet_file(part)


def test_a_file_that_was_not_finished_is_refused(tmp_path: Path) -> None:
    with create_packet_file(tmp_path / "0.part") as writer:
        writer.write(packet(b"key frame", 40, is_keyframe=True), 0)
    with pytest.raises(SegmentError, match="not a whole part"):
        read_packet_file(tmp_path / "0.part")


def test_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"), create_packet_file(tmp_path / "no/0.part"):
        pass


def test_notes_need_a_frame() -> None:
    with pytest.raises(ValueError, match="needs a frame"):
        dataclasses.replace(NOTES, end_frame=7)
