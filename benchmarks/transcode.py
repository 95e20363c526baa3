"""The plain transcode that efface is compared with: decode, encode with efface's settings, copy the sound.

``python -m benchmarks.transcode IN OUT`` runs it; PyAV alone, no face is looked for.
"""

import sys
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream

from efface.domain.geometry import Size
from efface.domain.media import EncodeSettings
from efface.media.encoders import Picture, choose_container, choose_encoder


def transcode(source: Path, output: Path) -> int:
    """Write ``output`` and give the number of frames."""
    with av.open(str(source)) as opened, av.open(str(output), "w") as written:
        picture = opened.streams.video[0]
        picture.thread_type = "AUTO"
        encoder = _add_picture(written, picture, output)
        sounds = {stream.index: written.add_stream_from_template(stream) for stream in opened.streams.audio}
        return _pump(opened, written, encoder, sounds)


def _add_picture(written: OutputContainer, picture: VideoStream, output: Path) -> VideoStream:
    context = picture.codec_context
    choice = choose_encoder(
        context.name,
        Picture(context.pix_fmt or "yuv420p", Size(context.width, context.height)),
        choose_container(output),
        EncodeSettings(),
    )
    encoder = written.add_stream(choice.codec, rate=picture.average_rate or Fraction(25))
    assert isinstance(encoder, VideoStream)
    encoder.width, encoder.height = context.width, context.height
    encoder.pix_fmt = choice.pixel_format
    assert picture.time_base is not None
    encoder.codec_context.time_base = encoder.time_base = picture.time_base
    encoder.codec_context.thread_count = 0
    encoder.codec_context.options = dict(choice.options)
    return encoder


def _pump(
    opened: InputContainer, written: OutputContainer, encoder: VideoStream, sounds: dict[int, AudioStream]
) -> int:
    frames = 0
    for packet in opened.demux(opened.streams.video[0], *opened.streams.audio):
        if packet.stream.index in sounds:
            if packet.dts is not None:
                packet.stream = sounds[packet.stream.index]
                written.mux(packet)
            continue
        for frame in packet.decode():
            assert isinstance(frame, av.VideoFrame)
            frame.pict_type = PictureType.NONE
            written.mux(encoder.encode(frame))
            frames += 1
    written.mux(encoder.encode(None))
    return frames


if __name__ == "__main__":
    print(transcode(Path(sys.argv[1]), Path(sys.argv[2])))
