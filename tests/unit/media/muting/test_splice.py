"""Packets whose time a file does not tell."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from efface.domain.time import TimeRange
from efface.media.muting.silence import silent_packets
from efface.media.muting.splice import SplicedTrack

SPANS = [TimeRange(Fraction(2), Fraction(3))]


@pytest.fixture
def sound(sounding_clip: Callable[..., Path]) -> tuple[SplicedTrack, list["av.Packet[av.AudioStream]"]]:
    """A track that is muted from 2 to 3 s, and its packets."""
    with av.open(str(sounding_clip("a.mp4", "aac"))) as container:
        track = container.streams.audio[0]
        silence = silent_packets(track)
        assert silence is not None
        return SplicedTrack(track, silence, SPANS), [p for p in container.demux(track) if p.size]


def test_packet_that_is_nowhere_is_silent(
    sound: tuple[SplicedTrack, list["av.Packet[av.AudioStream]"]],
) -> None:
    splice, packets = sound
    for packet in packets[10:13]:
        was, packet.pts, packet.dts = bytes(packet), None, None
        (taken,) = splice.take(packet)
        assert bytes(taken) != was


def test_packet_without_a_time_comes_after_the_one_before_it(
    sound: tuple[SplicedTrack, list["av.Packet[av.AudioStream]"]],
) -> None:
    splice, packets = sound
    is_copied = []
    for i, packet in enumerate(packets):
        if i:
            packet.pts = packet.dts = None
        was = bytes(packet)
        (taken,) = splice.take(packet)
        is_copied.append(bytes(taken) == was)
    # 93.75 packets are two seconds, the first one plays before 0, and two around each end go too.
    assert is_copied.index(False) in {92, 93, 94}
    assert is_copied.count(False) in {50, 51, 52}
    assert all(is_copied[:90])
    assert all(is_copied[150:])


def test_damaged_packet_of_a_muted_span_is_left_out(sounding_clip: Callable[..., Path]) -> None:
    with av.open(str(sounding_clip("a.ts", "aac"))) as container:
        track = container.streams.audio[0]
        silence = silent_packets(track)
        assert silence is not None
        splice = SplicedTrack(track, silence, [TimeRange(Fraction(0), Fraction(100))])
        packet = next(packet for packet in container.demux(track) if packet.size)
        damaged: av.Packet[Any] = av.Packet(b"what was said")
        damaged.time_base, damaged.pts, damaged.dts = packet.time_base, packet.pts, packet.dts
        assert splice.take(damaged) == []
        assert splice.num_lost == 1
