"""The picture track of an output: frames in, compressed packets out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from efface.domain.geometry import Orientation, Size
from efface.domain.media import EncodeSettings, VideoInfo
from efface.media.encoders import ContainerChoice, EncoderChoice, Picture, choose_encoder
from efface.media.frame import plane_view
from efface.media.hdr import hdr_metadata, side_data_ints, side_data_kinds
from efface.media.planes import PlanarFormat
from efface.media.scheduling import drop_realtime_priority

_HD_LINES = 720
_UNSPECIFIED = 2
_BT709, _BT601, _SRGB_TRANSFER = 1, 6, 13
"""Code points of ISO/IEC 23091-2."""
_MAX_RATE = 240
"""SVT-AV1 takes no higher frame rate, and as a hint to rate control none needs to be."""
_FALLBACK_RATE = Fraction(25)
_X264_BANNER = re.compile(rb"x264 - core [ -~]+")
_DYNAMIC_HDR = {
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DOVI_METADATA": "Dolby Vision",
    "DOVI_RPU_BUFFER": "Dolby Vision",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
}
_TS_DELAY_S = 1
"""B-frames are decoded before they are shown; a transport stream has no time before 0 in which to do so."""


@dataclass(frozen=True, slots=True)
class PicturePlan:
    """How the picture of one video is encoded; settled by its first frame."""

    choice: EncoderChoice
    coded_size: Size
    """Of the frames as decoded and painted."""
    turn: Orientation
    """How the pixels themselves are turned before they are encoded."""
    matrix: tuple[int, ...] | None
    """Display matrix for the container, where it holds one."""
    notices: tuple[str, ...]

    @property
    def encoded_size(self) -> Size:
        """Of the frames as encoded."""
        return self.turn.upright_size(self.coded_size)


def plan_picture(
    info: VideoInfo, first: av.VideoFrame, container: ContainerChoice, settings: EncodeSettings
) -> PicturePlan:
    """Settle encoder, pixel format and turning for a video.

    Raises:
        OutputError, RequestError: as ``choose_encoder``.
    """
    matrix = _display_matrix(first)
    is_held = container.is_mp4_family or (
        # Matroska knows turns but no mirrors, and browsers ignore them: kept only where they came from it.
        container.is_matroska and "matroska" in info.container and not info.orientation.is_mirrored
    )
    if matrix is None:
        # The frame's matrix cannot be read: what its angle says is painted into the picture.
        is_held = info.orientation is Orientation.UPRIGHT
    turn = Orientation.UPRIGHT if is_held else info.orientation
    picture = Picture(
        _turned_format(first.format.name) if turn.swaps_axes else first.format.name,
        turn.upright_size(info.coded_size),
        is_full_range=first.color_range == ColorRange.JPEG or first.format.name.startswith("yuvj"),
        is_interlaced=first.interlaced_frame and turn is Orientation.UPRIGHT,
        is_square=info.sample_aspect_ratio == 1,
    )
    choice = choose_encoder(info.codec, picture, container, settings)
    notices = (*choice.notices, *_losses(first, choice))
    return PicturePlan(choice, info.coded_size, turn, matrix if is_held else None, notices)


def _display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    values = side_data_ints(frame, "DISPLAYMATRIX")
    return values[:9] if len(values) >= 9 else None


def _turned_format(name: str) -> str:
    """A format that can be turned by a quarter: chroma as fine across as down."""
    return re.sub(r"4(?:22|40|11|10)p", "444p", name)


def _losses(first: av.VideoFrame, choice: EncoderChoice) -> tuple[str, ...]:
    """What the frames carry that the output will not."""
    losses = []
    if not hdr_metadata(first).is_empty and hdr_metadata(first).encoder_option(choice.family) is None:
        losses.append(f"HDR10 metadata is lost: {choice.codec} cannot write it")
    dynamic = {_DYNAMIC_HDR[kind] for kind in side_data_kinds(first) if kind in _DYNAMIC_HDR}
    losses.extend(f"{name} metadata is lost: only static HDR10 metadata is kept" for name in sorted(dynamic))
    if _is_see_through(first):
        losses.append("transparency is lost: the picture becomes opaque")
    return tuple(losses)


def _is_see_through(frame: av.VideoFrame) -> bool:
    if frame.format.has_palette or not any(part.is_alpha for part in frame.format.components):
        return False
    rgba = frame.reformat(format="rgba").to_ndarray()
    return bool((rgba[..., 3] < 255).any())


class PictureTrack:
    """Turns frames into packets of the output's picture stream."""

    def __init__(self, plan: PicturePlan, info: VideoInfo) -> None:
        self._plan = plan
        self._info = info
        self._stream: VideoStream | None = None
        self._reformatter = VideoReformatter()
        self._options_given: dict[str, str] = {}
        self._has_begun = False
        self._num_given_out = 0

    @property
    def fingerprint(self) -> dict[str, str]:
        """All that the encoder was told; tracks whose packets go into one stream must agree on it."""
        plan, choice = self._plan, self._plan.choice
        options = ",".join(f"{name}={value}" for name, value in sorted(self._options_given.items()))
        return {
            "codec": choice.codec,
            "pixel_format": choice.pixel_format,
            "size": str(plan.encoded_size),
            "matrix": str(plan.matrix),
            "is_interlaced": str(choice.is_interlaced),
            "time_base": str(self._info.time_base),
            "options": options,
        }

    @property
    def extradata(self) -> bytes:
        """The encoder's parameter sets, once it is open; empty where the packets themselves hold them."""
        assert self._stream is not None
        return self._stream.codec_context.extradata or b""

    def conform(self, native: av.VideoFrame) -> av.VideoFrame:
        """The frame in the encoder's pixel format, in coded orientation: itself where that fits already."""
        size, pixel_format = self._plan.coded_size, self._plan.choice.pixel_format
        name = native.format.name
        is_same_layout = name == pixel_format or name == pixel_format.replace("yuv4", "yuvj4")
        if is_same_layout and (native.width, native.height) == (size.width, size.height):
            return native
        becomes_yuv = native.format.is_rgb or native.format.has_palette
        if becomes_yuv and not pixel_format.startswith("gbrp"):
            matrix = Colorspace.ITU709 if size.height >= _HD_LINES else Colorspace.ITU601
            return self._convert(native, pixel_format, matrix, ColorRange.MPEG)
        return self._convert(native, pixel_format, None, None)

    def _convert(
        self,
        native: av.VideoFrame,
        pixel_format: str,
        matrix: Colorspace | None,
        color_range: ColorRange | None,
    ) -> av.VideoFrame:
        return self._reformatter.reformat(
            native,
            self._plan.coded_size.width,
            self._plan.coded_size.height,
            pixel_format,
            dst_colorspace=matrix,
            dst_color_range=color_range,
            interpolation=Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INP | Interpolation.ACCURATE_RND,
            threads=1,
        )

    def open(
        self, output: OutputContainer, first: av.VideoFrame, field_order: int, start_s: Fraction
    ) -> VideoStream:
        """Add the stream to an output whose header is not yet written.

        Args:
            output: the container.
            first: the first frame, conformed: it tells the colours.
            field_order: FFmpeg's number, of the source.
            start_s: when the first frame is shown, in the source.
        """
        plan, choice = self._plan, self._plan.choice
        rate = self._info.frame_rate
        hint = min(rate, Fraction(_MAX_RATE)) if rate and choice.family == "av1" else rate
        stream = output.add_stream(choice.codec, rate=(hint or _FALLBACK_RATE).limit_denominator(1 << 30))
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height = plan.encoded_size.width, plan.encoded_size.height
        context.pix_fmt = choice.pixel_format
        context.time_base = self._info.time_base
        stream.time_base = self._info.time_base
        context.thread_count = 0
        context.flags |= Flags.bitexact | Flags.frame_duration
        if choice.is_interlaced:
            context.flags |= Flags.interlaced_dct | Flags.interlaced_me
            context.field_order = field_order
        if choice.family == "hevc" and output.format.name in {"mp4", "mov"}:
            # Apple's players want the parameter sets in the header, which this name promises.
            context.codec_tag = "hvc1"
        ratio = self._info.sample_aspect_ratio
        if ratio != 1:
            context.sample_aspect_ratio = 1 / ratio if plan.turn.swaps_axes else ratio
        _copy_color(context, first)
        self._options_given = self._options(first, output.format.name == "mpegts" and start_s < _TS_DELAY_S)
        context.options = self._options_given
        if plan.matrix is not None:
            stream.set_display_matrix(plan.matrix)
        self._stream = stream
        return stream

    def _options(self, first: av.VideoFrame, is_without_delay: bool) -> dict[str, str]:
        choice = self._plan.choice
        options = dict(choice.options)
        if choice.family == "hevc":
            options["x265-params"] = "log-level=error:info=0"
        hdr = hdr_metadata(first).encoder_option(choice.family)
        if hdr:
            name, value = hdr
            options[name] = f"{options[name]}:{value}" if name in options else value
        if is_without_delay:
            options["bf"] = "0"
        return options

    def encode(
        self, native: av.VideoFrame, pts: int, *, is_keyframe: bool = False
    ) -> Sequence["av.Packet[VideoStream]"]:
        """Packets that are ready after this frame.

        Args:
            native: a conformed frame, in coded orientation.
            pts: when it is shown, in ticks of the source's time base; greater than that of the frame before.
            is_keyframe: whether decoding must be able to start here; else the encoder chooses.
        """
        assert self._stream is not None
        frame = self._turned(native)
        frame.pts = pts
        frame.time_base = self._info.time_base
        if frame.duration <= 0 and self._info.frame_rate:
            # libvpx refuses a frame that lasts no time.
            frame.duration = max(1, round(1 / (self._info.frame_rate * self._info.time_base)))
        # The decoder's choice of key frames is not the encoder's.
        frame.pict_type = PictureType.I if is_keyframe else PictureType.NONE
        packets = self._stream.encode(frame)
        if not self._has_begun and self._plan.choice.family == "av1":
            drop_realtime_priority()
        self._has_begun = True
        self._num_given_out += len(packets)
        return [_without_banner(packet) for packet in packets]

    def finish(self) -> Sequence["av.Packet[VideoStream]"]:
        """The packets that the encoder still holds."""
        assert self._stream is not None
        packets = self._stream.encode(None)
        if not self._num_given_out and self._plan.choice.family == "hevc":
            _set_decoding_times(packets)
        return [_without_banner(packet) for packet in packets]

    def stamp(self, packet: "av.Packet[VideoStream]", pts: int, dts: int) -> None:
        """Make a packet that was encoded elsewhere one of this stream.

        Args:
            packet: of an encoder that was set up as this one; it changes.
            pts: when its frame is shown, in ticks of the source's time base.
            dts: when it is decoded, in the same ticks.
        """
        assert self._stream is not None
        packet.stream = self._stream
        packet.time_base = self._info.time_base
        packet.pts, packet.dts = pts, dts

    def _turned(self, native: av.VideoFrame) -> av.VideoFrame:
        turn = self._plan.turn
        if turn is Orientation.UPRIGHT:
            return native
        size, layout = self._plan.encoded_size, PlanarFormat.parse(native.format.name)
        assert layout is not None
        turned = av.VideoFrame(size.width, size.height, self._plan.choice.pixel_format)
        for i in range(1 if layout.model == "gray" else 3):
            plane_view(turned, i)[:] = turn.to_upright(plane_view(native, i))
        turned.duration = native.duration
        for tag in ("colorspace", "color_range", "color_trc", "color_primaries"):
            setattr(turned, tag, getattr(native, tag))
        return turned


def _copy_color(context: av.VideoCodecContext, first: av.VideoFrame) -> None:
    was_rgb = context.pix_fmt is not None and not context.pix_fmt.startswith("gbrp") and first.colorspace == 0
    context.color_primaries = first.color_primaries
    context.color_trc = first.color_trc
    context.colorspace = _UNSPECIFIED if was_rgb else first.colorspace
    context.color_range = first.color_range
    if first.format.name.startswith("yuvj"):
        context.color_range = ColorRange.JPEG


def _set_decoding_times(packets: Sequence["av.Packet[VideoStream]"]) -> None:
    """x265 takes decoding times from its first few frames, and from chance where there are not as many."""
    shown = [packet.pts for packet in packets if packet.pts is not None]
    if len(shown) < len(packets):
        return
    in_order = sorted(shown)
    delay = max((early - late for early, late in zip(in_order, shown, strict=True)), default=0)
    for packet, time in zip(packets, in_order, strict=True):
        packet.dts = time - delay


def _without_banner(packet: "av.Packet[VideoStream]") -> "av.Packet[VideoStream]":
    """x264 writes its version and settings into the first packet; blanked, the message stays well-formed."""
    if packet.is_keyframe:
        found = _X264_BANNER.search(memoryview(packet)[:2048])
        if found:
            memoryview(packet)[found.start() : found.end()] = b" " * (found.end() - found.start())
    return packet
