"""The picture of a stream: packets copied as they are, or frames scaled and encoded anew."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from efface.domain.geometry import Orientation, Size
from efface.domain.media import VideoInfo
from efface.media.encoders import EncoderChoice
from efface.media.frame import PictureConverter, VideoFrame
from efface.media.picture_track import PicturePlan, PictureTrack
from efface.media.streaming.deinterlacer import Deinterlacer
from efface.media.streaming.fragments import (
    FRAGMENT_S,
    MAX_START_GAP_S,
    FragmentWriter,
    rescaled,
    track_base,
)
from efface.media.streaming.survey import PictureSurvey, frame_rate_of

_COPYABLE_FORMATS = frozenset({"yuv420p", "yuvj420p"})
_PROGRESSIVE = frozenset({0, 1})
"""FFmpeg's field orders "unknown" and "progressive"."""
_MAX_KEYFRAME_GAP_S = 10
_MAX_REORDER_S = 1
"""Longer, and the stream would start with as much of nothing: see ``PictureCopy``."""
_MAX_WIDTH = 4096
"""What the decoders of phones take in H.264."""
_MIN_SIDE = 16
_HD_LINES = 720
_HDR_TRANSFERS = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
_MAX_HINTED_RATE = 120
"""A higher rate claims a level of H.264 that decoders refuse; most such rates are wrong anyway."""
_X264 = {
    "preset": "superfast",
    "profile": "high",
    "crf": "22",
    # Bounds what a player must fetch at once; 720 lines of a crowd need about 5 Mbit/s at this crf.
    "maxrate": "6M",
    "bufsize": "12M",
    # Without B-frames, decoding and presentation times are equal, whatever the source's rate does.
    "bf": "0",
    # Key frames are asked for by time, which a count of frames cannot do where the rate varies.
    "g": "1000",
}


@dataclass(frozen=True, slots=True, eq=False)
class CopyTimes:
    """New times for all packets of a picture that is copied, in ticks of its output track."""

    pts: NDArray[np.int64]
    dts: NDArray[np.int64]
    delay: int
    """How much earlier each packet must be decoded than its place in presentation order is shown."""


def why_not_copied(info: VideoInfo, track: VideoStream, survey: PictureSurvey, max_height: int) -> str | None:
    """The reason for which the picture must be encoded anew, None where its packets can be copied.

    A display matrix is such a reason: in fragments, it is each browser's choice whether to honour it.
    """
    size = info.upright_size
    reasons = (
        (survey.obstacle is not None, survey.obstacle),
        (info.pixel_format not in _COPYABLE_FORMATS, f"{info.pixel_format} is not 8-bit 4:2:0"),
        (info.orientation is not Orientation.UPRIGHT, "the picture is turned by a display matrix"),
        (info.sample_aspect_ratio != 1, "its pixels are not square"),
        (size.height > max_height or size.width > _MAX_WIDTH, "the picture is too large"),
        (track.codec_context.field_order not in _PROGRESSIVE, "the picture is interlaced"),
        (info.container == "avi", "AVI does not say when frames are shown"),
    )
    found = next((reason for applies, reason in reasons if applies), None)
    return found or _why_not_cut(info, survey)


def _why_not_cut(info: VideoInfo, survey: PictureSurvey) -> str | None:
    """The reason for which the packets cannot be cut into fragments that decode by themselves."""
    pts, starts = survey.pts, survey.idr_positions
    if not len(starts) or starts[0] != 0:
        return "the video does not start at a key frame"
    if len(np.unique(pts)) < len(pts):
        return "two frames are shown at the same time"
    least_after = np.minimum.accumulate(pts[::-1])[::-1]
    most_before = np.maximum.accumulate(pts)
    later = starts[1:]
    if np.any(least_after[starts] < pts[starts]) or np.any(most_before[later - 1] > pts[later]):
        return "frames refer across a key frame"
    ends = np.append(pts[later], pts.max() + survey.last_duration)
    if int(np.max(ends - pts[starts])) * info.time_base > _MAX_KEYFRAME_GAP_S:
        return f"its key frames are more than {_MAX_KEYFRAME_GAP_S} s apart"
    if int(np.max(np.sort(pts) - pts)) * info.time_base > _MAX_REORDER_S:
        return "its frames are stored too far from where they are shown"
    return None


def plan_copy(info: VideoInfo, survey: PictureSurvey, start: Fraction) -> CopyTimes:
    """New times for the packets of a picture that can be copied.

    Args:
        start: seconds on the source's clock at which the stream starts: not later than any frame.
    """
    base = track_base(info.time_base)
    factor = info.time_base / base
    if factor.denominator == 1:
        pts = survey.pts * np.int64(factor.numerator)
    else:
        pts = np.array([round(factor * int(each)) for each in survey.pts], np.int64)
    zero = round(start / base)
    pts = pts - zero
    if int(pts[0]) * base > MAX_START_GAP_S:
        pts[0] = 0
    in_order = np.sort(pts)
    delay = int(np.max(in_order - pts))
    return CopyTimes(pts + delay, in_order, delay)


class PictureCopy:
    """Writes the packets of a picture as they are.

    Decoding starts at 0 and presentation as much later as reordering needs, in sound too. The other two ways, edit
    lists and negative offsets, are read differently by different players, FFmpeg's among them.
    """

    def __init__(
        self, writer: FragmentWriter, track: VideoStream, survey: PictureSurvey, times: CopyTimes
    ) -> None:
        self._writer = writer
        self._times = times
        self._num_written = 0
        assert track.time_base is not None
        self._base = track_base(track.time_base)
        self._last_duration = max(
            1, rescaled(survey.last_duration or survey.step or 1, track.time_base, self._base)
        )
        self._idr = frozenset(survey.idr_positions.tolist())
        stream = writer.container.add_stream_from_template(track, opaque=True)
        stream.time_base = self._base
        self._stream = stream

    @property
    def num_done(self) -> int:
        """Frames so far."""
        return self._num_written

    def write(self, packet: "av.Packet[Any]") -> None:
        """Take over the next packet, which changes."""
        position = self._num_written
        packet.time_base = self._base
        packet.pts, packet.dts = int(self._times.pts[position]), int(self._times.dts[position])
        packet.duration = self._last_duration
        # Where other frames refer across it, a frame that others call key frame is none to start at.
        packet.is_keyframe = position in self._idr
        packet.stream = self._stream
        self._writer.mux([packet])
        self._num_written += 1

    def finish(self) -> None:
        """Nothing is held back."""


def stream_size(info: VideoInfo, max_height: int) -> Size:
    """Upright size of a picture that is encoded anew: square pixels, even sides, never enlarged but to 16 pixels."""
    upright = info.upright_size
    shape = 1 / info.sample_aspect_ratio if info.orientation.swaps_axes else info.sample_aspect_ratio
    width, height = upright.width * shape, Fraction(upright.height)
    scale = min(Fraction(1), max_height / height, _MAX_WIDTH / width)
    even_width, even_height = (max(_MIN_SIDE, round(side * scale / 2) * 2) for side in (width, height))
    return Size(min(even_width, _MAX_WIDTH), min(even_height, max(_MIN_SIDE, max_height // 2 * 2)))


class PictureTranscode:
    """Decoded frames, upright, with square pixels and at most so many lines, as H.264 High, 8-bit 4:2:0."""

    def __init__(
        self, writer: FragmentWriter, info: VideoInfo, survey: PictureSurvey, start: Fraction, max_height: int
    ) -> None:
        upright = stream_size(info, max_height)
        coded = Size(upright.height, upright.width) if info.orientation.swaps_axes else upright
        self._writer = writer
        self._base = track_base(info.time_base)
        self._clock = _FrameClock(info, survey)
        self._start = start
        self._source_base = info.time_base
        rate = min(frame_rate_of(survey, info.time_base, info.frame_rate), Fraction(_MAX_HINTED_RATE))
        described = dataclasses.replace(
            info,
            coded_size=coded,
            pixel_format="yuv420p",
            sample_aspect_ratio=Fraction(1),
            time_base=self._base,
            frame_rate=rate,
        )
        choice = EncoderChoice("libx264", "h264", "yuv420p", False, _X264)
        self._encoder = PictureTrack(PicturePlan(choice, coded, info.orientation, None, ()), described)
        self._scaler = _Scaler(coded)
        self._deinterlacer: Deinterlacer | None = None
        self._is_open = False
        self._next_keyframe = Fraction(0)
        self._last_pts = -1
        self._num_done = 0

    @property
    def num_done(self) -> int:
        """Frames so far."""
        return self._num_done

    def write(self, frame: VideoFrame) -> None:
        """Encode the next frame, in presentation order."""
        native = frame.native
        self._num_done += 1
        native.pts = self._clock.time_of(frame.pts)
        native.time_base = self._source_base
        if self._deinterlacer is None and native.interlaced_frame:
            self._deinterlacer = Deinterlacer(native)
        for ready in self._deinterlacer.feed(native) if self._deinterlacer else [native]:
            self._encode(ready)

    def finish(self) -> None:
        """Encode what is held back."""
        for ready in self._deinterlacer.feed(None) if self._deinterlacer else []:
            self._encode(ready)
        self._writer.mux(self._encoder.finish())

    def _encode(self, native: av.VideoFrame) -> None:
        assert native.pts is not None
        assert native.time_base is not None
        seconds = native.pts * Fraction(native.time_base) - self._start
        if not self._is_open and seconds > MAX_START_GAP_S:
            seconds = Fraction(0)
        pts = max(round(seconds / self._base), self._last_pts + 1)
        duration = self._clock.duration_of(native)
        scaled = self._scaler.scale(native)
        if not self._is_open:
            self._encoder.open(self._writer.container, scaled, 1, Fraction(0))
            self._is_open = True
        scaled.duration = max(1, round(duration / self._base))
        is_keyframe = pts * self._base >= self._next_keyframe
        if is_keyframe:
            # On a grid, so that a late key frame does not make all others late.
            self._next_keyframe = Fraction((pts * self._base // FRAGMENT_S + 1) * FRAGMENT_S)
        self._writer.mux(self._encoder.encode(scaled, pts, is_keyframe=is_keyframe))
        self._last_pts = pts


class _FrameClock:
    """Gives each frame a time in ticks of the source, later than that of the frame before."""

    def __init__(self, info: VideoInfo, survey: PictureSurvey) -> None:
        rate = frame_rate_of(survey, info.time_base, info.frame_rate)
        self._base = info.time_base
        self._step = survey.step or max(1, round(1 / (rate * info.time_base)))
        first = int(survey.pts.min()) if len(survey.pts) else 0
        self._last = first - self._step

    def time_of(self, pts: int | None) -> int:
        """The time of the next frame: as the decoder gives it, or a step after the one before."""
        self._last = max(self._last + 1, pts if pts is not None else self._last + self._step)
        return self._last

    def duration_of(self, native: av.VideoFrame) -> Fraction:
        """Seconds that a frame is shown, as it says itself, or one step."""
        base = Fraction(native.time_base or self._base)
        return native.duration * base if native.duration > 0 else self._step * self._base


class _Scaler:
    """Brings frames to one size, still in coded orientation, in 8-bit 4:2:0, with their colours named."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._converter = PictureConverter()
        self._reformatter = VideoReformatter()

    def scale(self, native: av.VideoFrame) -> av.VideoFrame:
        """The frame as the encoder takes it."""
        if not native.format.is_rgb and not native.format.has_palette:
            return self._named(native, self._converter.convert(native, self._size, "yuv420p"))
        return self._reformatter.reformat(
            native,
            self._size.width,
            self._size.height,
            "yuv420p",
            dst_colorspace=Colorspace.ITU709 if self._size.height >= _HD_LINES else Colorspace.ITU601,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC,
            threads=1,
        )

    def _named(self, native: av.VideoFrame, scaled: av.VideoFrame) -> av.VideoFrame:
        # Players guess the matrix of an untagged picture by its lines, which scaling changes.
        if scaled.colorspace in {0, 2}:
            scaled.colorspace = Colorspace.ITU709 if native.height >= _HD_LINES else Colorspace.SMPTE170M
        if native.format.name.startswith("yuvj"):
            scaled.color_range = ColorRange.JPEG
        return scaled


def losses(info: VideoInfo) -> Iterator[str]:
    """What a stream that is encoded anew does not keep of the picture, for people."""
    transfer = dict(info.color).get("transfer", "")
    if transfer in _HDR_TRANSFERS:
        yield (
            f"the picture is HDR ({_HDR_TRANSFERS[transfer]}): the stream keeps 8 bits of it and is not "
            "tone-mapped, so screens without HDR may show it pale"
        )
    deepest = max(part.bits for part in av.VideoFormat(info.pixel_format).components)
    if deepest > 8:
        yield f"{deepest} bits per sample become 8, all that browsers show in H.264"
