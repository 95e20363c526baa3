"""What a video file holds, as far as its headers and its first frame tell."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Stream
from av.video.stream import VideoStream

from efface.domain.errors import DamagedMediaError
from efface.domain.geometry import Orientation, Size
from efface.domain.media import StreamInfo, VideoInfo
from efface.media.sniff import sniff_container
from efface.media.source import first_frame, open_container, picture_candidates

_MAX_FRAME_RATE = 1000
_MAX_UNCOUNTED_FRAME_RATE = 300
"""Above it, a rate is most often the tick of the container, unless the header counts the frames too."""
_MAX_DURATION_S = 7 * 24 * 3600
_MAX_SAMPLE_ASPECT = 100
_CLOCKWISE_TURNS = {-90: 1, 180: 2, -180: 2, 90: 3}
"""Quarter turns by PyAV's counterclockwise angle."""

_PRIMARIES = {1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020"}
_PRIMARIES |= {10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213"}
_TRANSFERS = {
    1: "bt709",
    4: "gamma22",
    5: "gamma28",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
}
_TRANSFERS |= {10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10"}
_TRANSFERS |= {15: "bt2020-12", 16: "smpte2084", 17: "smpte428", 18: "arib-std-b67"}
_MATRICES = {0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco"}
_MATRICES |= {9: "bt2020nc", 10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c"}
_MATRICES |= {14: "ictcp"}
_RANGES = {1: "tv", 2: "pc"}
"""FFmpeg's names of the code points of ISO/IEC 23091-2, and of its two ranges."""


def probe_video(path: Path) -> VideoInfo:
    """What a video file holds. Decodes one frame, because headers lie about size and say nothing of turning.

    Raises:
        MediaNotFoundError: no such file, or it cannot be read.
        UnsupportedMediaError: not a video that efface opens, or an encrypted one.
        NoVideoError: no picture track.
        DamagedMediaError: the headers cannot be read, or not one frame decoded.
        MediaTooLargeError: the picture is beyond 16384 pixels a side or 100 megapixels.
    """
    container_name = sniff_container(path).demuxer
    position = 0
    while True:
        # Opened anew for each track, because looking for its first frame may read the file to its end.
        with open_container(path) as container:
            tracks = picture_candidates(container, path)
            frame = first_frame(container, tracks[position], path)
            if frame is not None:
                return _describe(path, container_name, container, tracks[position], frame)
        position += 1
        if position == len(tracks):
            raise DamagedMediaError(f"{path} has no frame that can be decoded: fetch or export it again")


def _describe(
    path: Path, container_name: str, container: InputContainer, track: VideoStream, frame: av.VideoFrame
) -> VideoInfo:
    rate = _frame_rate(track)
    duration_s = _duration_s(container, track)
    return VideoInfo(
        path=str(path),
        container=container_name,
        codec=track.codec_context.codec.canonical_name,
        pixel_format=frame.format.name,
        coded_size=Size(frame.width, frame.height),
        orientation=orientation_of(frame),
        sample_aspect_ratio=_sample_aspect(track),
        time_base=track.time_base or Fraction(1, 90000),
        frame_rate=rate,
        duration_s=duration_s,
        num_frames_estimate=_num_frames(track, path, rate, duration_s),
        stream_index=track.index,
        other_streams=tuple(_stream_info(other) for other in container.streams if other.index != track.index),
        color=_color(frame),
    )


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """How the frame's display matrix turns it, to the nearest quarter turn.

    ``frame.rotation`` will not do: it is an angle, so a mirrored picture reads as one upside down.
    """
    try:
        # PyAV's stub types this as a plain mapping; it iterates over its values.
        every: Any = frame.side_data
        found = [bytes(data) for data in every if data.type is SideDataType.DISPLAYMATRIX]
    except ValueError:
        # Side data of a type that PyAV has no name for, as in Apple's spatial video, hides all the rest.
        return Orientation((False, _CLOCKWISE_TURNS.get(frame.rotation, 0)))
    if not found or len(found[0]) < 36:
        return Orientation.UPRIGHT
    # Rows a b u, c d v, x y w: the coded x axis points to (a, b) on screen, the y axis to (c, d).
    a, b, _, c, d = (int(value) for value in np.frombuffer(found[0], np.int32)[:5])
    if a * d - b * c == 0:
        return Orientation.UPRIGHT
    is_mirrored = a * d - b * c < 0
    x, y = (-a, -b) if is_mirrored else (a, b)
    turns = (0 if x > 0 else 2) if abs(x) >= abs(y) else (1 if y > 0 else 3)
    return Orientation((is_mirrored, turns))


def _sample_aspect(track: VideoStream) -> Fraction:
    ratio = track.sample_aspect_ratio
    if not ratio or not Fraction(1, _MAX_SAMPLE_ASPECT) <= ratio <= _MAX_SAMPLE_ASPECT:
        return Fraction(1)
    return ratio


def _frame_rate(track: VideoStream) -> Fraction | None:
    limit = _MAX_FRAME_RATE if track.frames else _MAX_UNCOUNTED_FRAME_RATE
    rates = (track.average_rate, track.guessed_rate, track.base_rate)
    return next((rate for rate in rates if rate and 0 < rate <= limit), None)


def _duration_s(container: InputContainer, track: VideoStream) -> float | None:
    claims: list[float] = []
    if track.duration and track.time_base:
        claims.append(float(track.duration * track.time_base))
    if container.duration:
        claims.append(container.duration / av.time_base)
    return next((claim for claim in claims if 0 < claim <= _MAX_DURATION_S), None)


def _num_frames(
    track: VideoStream, path: Path, rate: Fraction | None, duration_s: float | None
) -> int | None:
    # No codec spends less than a byte on a frame, so a header that claims more frames than bytes lies.
    if 0 < track.frames <= path.stat().st_size:
        return track.frames
    return max(1, round(duration_s * rate)) if duration_s and rate else None


def _stream_info(stream: Stream) -> StreamInfo:
    context = stream.codec_context
    codec = context.codec.canonical_name if context is not None else getattr(stream, "name", None)
    return StreamInfo(stream.index, stream.type, codec or "unknown", stream.language)


def _color(frame: av.VideoFrame) -> tuple[tuple[str, str], ...]:
    tags = (
        ("primaries", _PRIMARIES.get(frame.color_primaries)),
        ("transfer", _TRANSFERS.get(frame.color_trc)),
        ("matrix", _MATRICES.get(frame.colorspace)),
        ("range", _RANGES.get(frame.color_range)),
    )
    return tuple((tag, name) for tag, name in tags if name)
