"""Sound and subtitle tracks that go from source to output packet by packet, unchanged."""

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.error
from av.container import OutputContainer
from av.stream import Stream

from efface.media.encoders import ContainerChoice

BAD_PACKET = (av.error.ArgumentError, av.error.InvalidDataError)
"""What a muxer raises for one packet that it cannot take; all other errors concern the file."""


@dataclass(slots=True)
class CopiedTrack:
    """One track on its way into an output."""

    source: Stream
    """PyAV's stream in the source."""
    stream: Stream
    """PyAV's stream in the output."""
    name: str
    """For people, e.g. ``audio track 1 (aac)``."""
    num_lost: int = 0
    """Packets that the output refused."""
    _last_dts: int | None = None

    def restamp(self, packet: "av.Packet[Any]", shift: Fraction) -> None:
        """Move a packet of the source into the output's stream and time base; its bytes stay as they are.

        Decoding times that stand still or step back, as broken files have, are pushed on by a tick, because
        most containers refuse them.

        Args:
            packet: the packet, which changes.
            shift: seconds by which the whole output is later than the source.
        """
        source_base = packet.time_base or self.source.time_base
        base = self.stream.time_base
        assert source_base is not None
        assert base is not None
        dts = _ticks(packet.dts if packet.dts is not None else packet.pts, source_base, base, shift)
        pts = _ticks(packet.pts, source_base, base, shift)
        if dts is not None and self._last_dts is not None and dts <= self._last_dts:
            dts = self._last_dts + 1
            pts = None if pts is None else max(pts, dts)
        if packet.duration:
            packet.duration = round(packet.duration * source_base / base)
        packet.time_base = base
        packet.dts, packet.pts = dts, pts
        packet.stream = self.stream
        if dts is not None:
            self._last_dts = dts


def _ticks(stamp: int | None, source: Fraction, target: Fraction, shift: Fraction) -> int | None:
    return None if stamp is None else round((stamp * source + shift) / target)


def track_name(source: Stream) -> str:
    """How notices call a track, counted as in the source: ``audio track 1 (aac)``."""
    codec = source.codec_context.codec.canonical_name if source.codec_context is not None else "unknown"
    return f"{source.type} track {source.index} ({codec})"


def can_hold(container: ContainerChoice, source: Stream) -> bool:
    """Whether a container takes a track as it is; found out by writing a header with nothing else in it."""
    trial = av.open(io.BytesIO(), "w", format=container.muxer)
    assert isinstance(trial, OutputContainer)
    try:
        with trial:
            trial.add_stream_from_template(source)
            trial.start_encoding()
    except (ValueError, av.error.FFmpegError):
        return False
    return True


def add_track(output: OutputContainer, source: Stream, *, keep_metadata: bool) -> CopiedTrack:
    """Add a stream for a track to an output whose header is not yet written."""
    stream = output.add_stream_from_template(source)
    label_stream(stream, source, keep_metadata=keep_metadata)
    return CopiedTrack(source, stream, track_name(source))


def label_stream(stream: Stream, source: Stream, *, keep_metadata: bool) -> None:
    """Give a stream its source's language and role (default, forced …), and its metadata if asked for."""
    stream.disposition = source.disposition
    if keep_metadata:
        stream.metadata.update(source.metadata)
    elif source.language:
        stream.metadata["language"] = source.language
