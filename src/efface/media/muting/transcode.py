"""Sound decoded, silenced sample by sample, and encoded again."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from efface.domain.time import TimeRange
from efface.media.muting.encoder import SoundEncoder
from efface.media.muting.spans import MutedSpans

_REACH_S = Fraction(1, 100)
"""Files round times, and differences up to this are no gap: so much more is silenced on either side."""
_MAX_GAP_S = 3600
"""A time further ahead than this is wrong rather than late."""


class TranscodedTrack:
    """Encodes a track anew, silent in the spans, without a gap from its first sample on."""

    num_lost = 0
    """Nothing is left out but what cannot be decoded, and silence takes its place."""

    def __init__(
        self,
        track: AudioStream,
        stream: AudioStream,
        encoder: SoundEncoder,
        spans: Sequence[TimeRange],
        earliest: Fraction | None,
    ) -> None:
        """
        Args:
            track: the source.
            stream: of the output, made for ``encoder``.
            encoder: how the sound is encoded.
            spans: in seconds of the source's own clock.
            earliest: seconds on that clock before which the output has no place for a packet; None where it has. An
                encoder's first packet may hold nothing but the silence that it starts from.
        """
        self._track = track
        self._stream = stream
        self._encoder = encoder
        self._spans = MutedSpans(spans, _REACH_S)
        self._earliest = earliest
        self._position: int | None = None
        self._resampler = self._new_resampler()
        self._ready: list[av.Packet[Any]] = []

    def take(self, packet: "av.Packet[Any]") -> "list[av.Packet[Any]]":
        """Packets that are ready once this one is decoded; damaged ones are passed over."""
        try:
            frames = self._track.decode(packet)
        except av.error.FFmpegError:
            return []
        for frame in frames:
            self._feed(frame)
        return self._taken_out()

    def finish(self) -> "list[av.Packet[Any]]":
        """What decoder and encoder still hold."""
        try:
            for frame in self._track.decode(None):
                self._feed(frame)
        except av.error.FFmpegError:
            pass
        self._flush()
        if self._position is not None:
            self._ready += self._stream.encode(None)
        return self._taken_out()

    def _taken_out(self) -> "list[av.Packet[Any]]":
        ready, self._ready = self._ready, []
        return [packet for packet in ready if not self._is_too_early(packet)]

    def _is_too_early(self, packet: "av.Packet[Any]") -> bool:
        if self._earliest is None or packet.pts is None or packet.time_base is None:
            return False
        return packet.pts * packet.time_base < self._earliest

    def _feed(self, frame: av.AudioFrame) -> None:
        if not frame.samples or not frame.sample_rate:
            return
        place = None
        if frame.pts is not None and frame.time_base:
            place = round(frame.pts * Fraction(frame.time_base) * self._encoder.sample_rate)
        if self._position is None:
            self._position = place or 0
        skipped = 0 if place is None else self._come_to(place)
        frame.pts = None
        try:
            pieces = self._resampler.resample(frame)
        except ValueError:
            # Rate or channels changed on the way.
            self._flush()
            pieces = self._resampler.resample(frame)
        for piece in pieces:
            samples = self._by_time(piece)
            self._write(samples[skipped:])
            skipped = max(0, skipped - len(samples))

    def _come_to(self, place: int) -> int:
        """Fill a gap before a frame with silence; gives the samples of the frame to leave out where it overlaps."""
        assert self._position is not None
        rate = self._encoder.sample_rate
        tolerance = int(rate * _REACH_S)
        if tolerance < place - self._position <= _MAX_GAP_S * rate:
            self._flush()
            self._fill(place)
        behind = self._position - place
        return behind if tolerance < behind <= _MAX_GAP_S * rate else 0

    def _fill(self, place: int) -> None:
        assert self._position is not None
        while self._position < place:
            count = min(place - self._position, self._encoder.sample_rate)
            self._write(np.full((count, self._encoder.num_channels), self._encoder.zero, self._encoder.dtype))

    def _flush(self) -> None:
        """Take out what the resampler holds, after which it can take no more."""
        if self._position is not None:
            for piece in self._resampler.resample(None):
                if piece is not None:
                    self._write(self._by_time(piece))
        self._resampler = self._new_resampler()

    def _new_resampler(self) -> AudioResampler:
        return AudioResampler(self._encoder.sample_format, self._encoder.layout, self._encoder.sample_rate)

    def _by_time(self, frame: av.AudioFrame) -> NDArray[Any]:
        """(n, channels) samples."""
        samples: NDArray[Any] = frame.to_ndarray()
        return samples.T if frame.format.is_planar else samples.reshape(-1, self._encoder.num_channels)

    def _write(self, samples: NDArray[Any]) -> None:
        assert self._position is not None
        if not len(samples):
            return
        encoder = self._encoder
        start = Fraction(self._position, encoder.sample_rate)
        quiet = samples.copy()
        for span in self._spans.within(start, len(quiet), encoder.sample_rate):
            quiet[span] = encoder.zero
        shaped = quiet.T if av.AudioFormat(encoder.sample_format).is_planar else quiet.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(shaped), encoder.sample_format, encoder.layout
        )
        frame.sample_rate, frame.time_base = encoder.sample_rate, Fraction(1, encoder.sample_rate)
        frame.pts = self._position
        self._position += len(quiet)
        self._ready += self._stream.encode(frame)
