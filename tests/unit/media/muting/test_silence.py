"""Silent packets fit the track that they go into."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from efface.media.muting.silence import silent_packets

ClipOf = Callable[..., Path]


@pytest.mark.parametrize("frame_ms", ["2.5", "5", "10", "20", "40", "60", "80", "100", "120"])
def test_silent_opus_packet_lasts_as_long_as_the_one_it_replaces(
    sounding_clip: ClipOf, frame_ms: str
) -> None:
    path = sounding_clip("a.mkv", "libopus", options={"frame_duration": frame_ms})
    with av.open(str(path)) as container:
        track = container.streams.audio[0]
        silence = silent_packets(track)
        assert silence is not None
        packets = [packet for packet in container.demux(track) if packet.size][3:6]
        decoder = av.AudioCodecContext.create("opus", "r")
        decoder.extradata = track.codec_context.extradata
        # The first that a decoder is given loses the samples by which it warms up.
        decoder.decode(av.Packet(silence.like(packets[0]) or b""))
        for packet in packets:
            body = silence.like(packet)
            assert body is not None
            (frame,) = decoder.decode(av.Packet(body))
            assert isinstance(frame, av.AudioFrame)
            assert frame.samples == float(frame_ms) * 48
            assert np.abs(frame.to_ndarray()).max() < 1e-4


def test_aac_of_a_transport_stream_keeps_its_framing(sounding_clip: ClipOf) -> None:
    with av.open(str(sounding_clip("a.ts", "aac"))) as container:
        track = container.streams.audio[0]
        silence = silent_packets(track)
        assert silence is not None
        packet = next(packet for packet in container.demux(track) if packet.size)
        body = silence.like(packet)
        assert body is not None
        assert body[:3] == bytes(packet)[:3]
        assert (body[3] & 3) << 11 | body[4] << 3 | body[5] >> 5 == len(body)


@pytest.mark.parametrize("damaged", [b"", b"\x03", b"no frame", b"\xff\xf1\x4c\x80\x01\x7f\xff"])
def test_damaged_packet_has_no_silent_one(sounding_clip: ClipOf, damaged: bytes) -> None:
    for name, codec in (("a.ts", "aac"), ("a.mkv", "libopus")):
        with av.open(str(sounding_clip(name, codec))) as container:
            silence = silent_packets(container.streams.audio[0])
            assert silence is not None
            found = silence.like(av.Packet(damaged))
            # Whatever is found is silence; what the damaged packet says may only set how long it lasts.
            assert found is None or damaged not in found


@pytest.mark.parametrize("codec", ["libmp3lame", "flac", "pcm_s16le"])
def test_codec_whose_packets_cannot_be_exchanged_has_none(sounding_clip: ClipOf, codec: str) -> None:
    with av.open(str(sounding_clip("a.mkv", codec))) as container:
        assert silent_packets(container.streams.audio[0]) is None
