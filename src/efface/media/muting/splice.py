"""Sound copied packet by packet, with silent packets in place of those that are not to be heard."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream

from efface.domain.time import TimeRange
from efface.media.muting.silence import SilentPackets
from efface.media.muting.spans import MutedSpans

_REACH_S = Fraction(1, 50)
"""Decoders blend a packet into the next, and files round times: so much more than one packet is silenced on either
side."""
_DEFAULT_PACKET_S = Fraction(1, 8)
"""The longest that a packet of these codecs lasts, where a file does not say how long one does."""


class SplicedTrack:
    """Replaces the packets of a track that touch a span; all others pass as they are."""

    def __init__(self, track: AudioStream, silence: SilentPackets, spans: Sequence[TimeRange]) -> None:
        self.num_lost = 0
        """Packets left out, because they are damaged and nothing fits in their place."""
        self._track = track
        self._silence = silence
        self._spans = MutedSpans(spans, _REACH_S)
        self._next: Fraction | None = None

    def take(self, packet: "av.Packet[Any]") -> "list[av.Packet[Any]]":
        """The packet itself or a silent one; none where neither can be."""
        base = packet.time_base or self._track.time_base
        assert base is not None
        stamp = packet.pts if packet.pts is not None else packet.dts
        start = self._next if stamp is None else stamp * base
        length = packet.duration * base if packet.duration else _DEFAULT_PACKET_S
        self._next = None if start is None else start + (packet.duration or 0) * base
        # A packet that is nowhere might be anywhere.
        if start is not None and not self._spans.touch(start - length, start + 2 * length):
            return [packet]
        body = self._silence.like(packet)
        if body is None:
            self.num_lost += 1
            return []
        silent: av.Packet[Any] = av.Packet(body)
        silent.time_base, silent.pts, silent.dts = base, packet.pts, packet.dts
        silent.duration = packet.duration or 0
        silent.is_keyframe = True
        return [silent]

    def finish(self) -> "list[av.Packet[Any]]":
        """Nothing is held back."""
        return []
