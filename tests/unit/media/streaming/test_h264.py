"""What is told about H.264 packets without decoding them."""

import pytest

from efface.media.streaming.h264 import H264Packets

SPS, PPS = bytes([0x67, 100, 0, 30, 0xAC]), bytes([0x68, 0xEE, 0x3C])
IDR, SLICE, SEI = bytes([0x65, 1, 2, 3]), bytes([0x41, 9, 8]), bytes([0x06, 5, 1])
RECORD = bytes([1, 100, 0, 30, 0xFF, 0xE1, 0, len(SPS)]) + SPS + bytes([1, 0, len(PPS)]) + PPS


def _lengths(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


def _start_codes(*units: bytes) -> bytes:
    return b"".join(b"\x00\x00\x00\x01" + unit for unit in units)


@pytest.mark.parametrize(
    ("extradata", "join"),
    [(RECORD, _lengths), (_start_codes(SPS, PPS), _start_codes)],
    ids=["mp4", "byte stream"],
)
def test_refresh_and_parameter_sets_are_told_in_both_forms(extradata: bytes, join: object) -> None:
    assert callable(join)
    packets = H264Packets(extradata)
    assert packets.is_of_copyable_profile
    refresh = packets.look_at(join(SPS, PPS, SEI, IDR))
    assert (refresh.is_whole, refresh.has_idr, refresh.is_self_consistent) == (True, True, True)
    other = packets.look_at(join(SEI, SLICE))
    assert (other.is_whole, other.has_idr, other.is_self_consistent) == (True, False, True)
    changed = packets.look_at(join(SPS[:-1] + b"\x01", PPS, IDR))
    assert not changed.is_self_consistent


@pytest.mark.parametrize(
    "packet",
    [
        _lengths(IDR)[:-1],
        _lengths(IDR) + b"\x00",
        _lengths(IDR) + bytes(8),
        _lengths(bytes([0xE5, 1])),
        _lengths(SEI),
        bytes(64),
        b"\xff" * 16,
    ],
)
def test_packet_that_is_not_whole_is_told(packet: bytes) -> None:
    assert not H264Packets(RECORD).look_at(packet).is_whole


@pytest.mark.parametrize(
    "extradata", [b"", b"\x01", b"\x01\x64\x00\x1e\xff\xe0\x00", _start_codes(PPS), RECORD[:9]]
)
def test_header_without_parameter_sets_is_refused(extradata: bytes) -> None:
    with pytest.raises(ValueError, match="parameter set"):
        H264Packets(extradata)


def test_profile_that_browsers_lack_is_told() -> None:
    high_10 = bytes([0x67, 110]) + SPS[2:]
    assert not H264Packets(_start_codes(high_10, PPS)).is_of_copyable_profile
