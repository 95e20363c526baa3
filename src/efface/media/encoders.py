"""Which container, encoder, pixel format and options an output gets."""

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import av
import av.error
from av.container import OutputContainer

from efface.domain.errors import OutputError, RequestError
from efface.domain.geometry import Size
from efface.domain.media import EncodeSettings, VideoInfo
from efface.media.planes import PlanarFormat

_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
_SUCCESSORS = {"vp8": "vp9"}
"""Families that efface does not write, and what takes their place in the same containers and players."""


@dataclass(frozen=True, slots=True)
class ContainerChoice:
    """One of the containers that efface writes."""

    suffix: str
    """As users write it, e.g. ``.mkv``."""
    muxer: str
    """FFmpeg's name."""

    @property
    def is_mp4_family(self) -> bool:
        """True where edit lists and the display matrix are held."""
        return self.muxer in {"mp4", "mov"}

    @property
    def is_matroska(self) -> bool:
        """True for Matroska and its subset WebM."""
        return self.muxer in {"matroska", "webm"}


CONTAINERS = {
    suffix: ContainerChoice(suffix, muxer)
    for suffix, muxer in (
        (".mp4", "mp4"),
        (".m4v", "mp4"),
        (".mov", "mov"),
        (".mkv", "matroska"),
        (".webm", "webm"),
        (".ts", "mpegts"),
    )
}


@dataclass(frozen=True, slots=True)
class _Encoder:
    name: str
    family: str
    max_crf: int
    options: Mapping[str, str]
    """What efface uses when nothing is asked for."""
    presets: tuple[str, ...]
    """This encoder's words for the nine names of x264, fastest first."""
    preset_option: str = "preset"
    min_crf: int = 0


# Defaults measured on a 640x360 concert and a 1920x1080 street, luma PSNR of the whole picture against the
# decoded source, and frames/s on 2 cores at 1080p: x264 48.1 / 46.1 dB, 41; x265 45 / 44 dB, 18; VP9 47.8 /
# 46 dB, 28; AV1 45.6 / 44.2 dB, 38. Slower presets gave smaller files, not better pictures.
_ENCODERS = {
    encoder.family: encoder
    for encoder in (
        _Encoder("libx264", "h264", 51, {"preset": "superfast", "crf": "20"}, _PRESETS),
        _Encoder("libx265", "hevc", 51, {"preset": "ultrafast", "crf": "19"}, _PRESETS),
        _Encoder(
            "libvpx-vp9",
            "vp9",
            63,
            {"deadline": "realtime", "cpu-used": "8", "crf": "23", "row-mt": "1", "tile-columns": "2"},
            ("8", "8", "7", "6", "5", "4", "3", "2", "1"),
            "cpu-used",
        ),
        _Encoder(
            "libsvtav1",
            "av1",
            63,
            {"preset": "11", "crf": "20"},
            ("12", "11", "10", "9", "8", "7", "6", "5", "4"),
            # SVT-AV1 takes 0 for "not set".
            min_crf=1,
        ),
    )
}
_HELD_BY_TS = frozenset(
    ["libx264", "libx265", "aac", "aac_latm", "ac3", "eac3", "dca", "truehd", "mp1", "mp2", "mp3", "opus"]
)
"""FFmpeg's muxer does not tell what it takes; it writes anything as private data that nobody plays."""
_AFTER = {
    "h264": ("h264", "hevc", "vp9", "av1"),
    "hevc": ("hevc", "h264", "vp9", "av1"),
    "vp9": ("vp9", "av1", "hevc", "h264"),
    "av1": ("av1", "vp9", "hevc", "h264"),
}
"""For each family of the source: the encoders to try, the first that loses least is taken."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What the choice of an encoder depends on, taken from the first decoded frame."""

    pixel_format: str
    size: Size
    """Of the picture as it is encoded."""
    is_full_range: bool = False
    is_interlaced: bool = False
    is_square: bool = True
    """Whether its pixels are."""


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """An encoder, ready to be opened."""

    codec: str
    """FFmpeg's encoder name, e.g. ``libx264``."""
    family: str
    """``h264``, ``hevc``, ``vp9`` or ``av1``."""
    pixel_format: str
    """A planar format that ``planes.editable`` takes."""
    is_interlaced: bool
    """Whether fields are coded as such."""
    options: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    """What the output cannot keep of the source, for people."""


def choose_container(path: Path) -> ContainerChoice:
    """The container that the suffix of an output names.

    Raises:
        OutputError: the suffix is none of those that efface writes.
    """
    found = CONTAINERS.get(path.suffix.lower())
    if found is None:
        named = f"the suffix {path.suffix}" if path.suffix else "a name without suffix"
        raise OutputError(
            f"cannot write {path}: {named} is no video output: use one of {', '.join(CONTAINERS)}"
        )
    return found


def default_output_suffix(info: VideoInfo) -> str:
    """The suffix to give an output when the user names none.

    The input's own container where efface writes it, else ``.mp4``, or ``.mkv`` where MP4 cannot hold the
    sound as it is.
    """
    by_demuxer = {"mov": ".mp4", "matroska": ".mkv", "webm": ".webm", "mpegts": ".ts"}
    names = info.container.split(",")
    own = next((by_demuxer[name] for name in names if name in by_demuxer), ".mp4")
    written = Path(info.path).suffix.lower()
    # One demuxer reads several containers: the name of the file says which.
    if written in CONTAINERS and CONTAINERS[written].muxer in names:
        own = written
    if own == ".webm" and _family(info.codec) not in {"vp9", "av1"}:
        own = ".mkv"
    sounds = {stream.codec for stream in info.other_streams if stream.kind == "audio"} - {"unknown"}
    return own if sounds <= codecs_held_by(CONTAINERS[own].muxer) else ".mkv"


def check_settings(settings: EncodeSettings) -> None:
    """Refuse values that no encoder takes, before any work is done.

    Raises:
        RequestError: crf or preset is out of range.
    """
    if settings.preset is not None and settings.preset not in _PRESETS:
        raise RequestError(f"preset {settings.preset!r} is unknown: use one of {', '.join(_PRESETS)}")
    widest = max(encoder.max_crf for encoder in _ENCODERS.values())
    if settings.crf is not None and not 0 <= settings.crf <= widest:
        raise RequestError(
            f"crf {settings.crf} is out of range: use 0 (best) to 51, or to {widest} for VP9 and AV1"
        )


def choose_encoder(
    source_codec: str, picture: Picture, container: ContainerChoice, settings: EncodeSettings
) -> EncoderChoice:
    """The encoder of the source's own family where it loses nothing, else the one that loses least.

    Args:
        source_codec: FFmpeg's name of the codec that the source is coded in.
        picture: the first decoded frame.
        container: where the result goes.
        settings: what the user asks for.

    Raises:
        OutputError: this build of FFmpeg has no encoder for the container.
        RequestError: crf does not suit the encoder chosen.
    """
    family = _family(source_codec)
    held = codecs_held_by(container.muxer)
    fits = []
    for rank, candidate in enumerate(_AFTER.get(family, _AFTER["h264"])):
        encoder = _ENCODERS[candidate]
        for pixel_format in _formats_of(encoder.name) if encoder.name in held else ():
            cost = _cost(picture, pixel_format, encoder, candidate == family)
            if cost is not None:
                loses_shape = _loses_pixel_shape(picture, container, encoder)
                # Losses of shape, depth and colour decide before the family does; needless richness last.
                fits.append((loses_shape, cost[:2], rank, cost[2], encoder.family, pixel_format))
    if not fits:
        raise OutputError(
            f"this build of FFmpeg has no encoder for {container.suffix}: use another container"
        )
    *_, chosen, pixel_format = min(fits)
    encoder = _ENCODERS[chosen]
    is_interlaced = _can_interlace(picture, encoder, pixel_format)
    notices = _notices(picture, container, encoder, pixel_format)
    if picture.is_interlaced and not is_interlaced:
        notices = (*notices, "the interlaced flag is lost: the fields stay woven in progressive frames")
    return EncoderChoice(
        encoder.name, encoder.family, pixel_format, is_interlaced, _options(encoder, settings), notices
    )


def _family(codec: str) -> str:
    return _SUCCESSORS.get(codec, codec)


def _cost(
    picture: Picture, pixel_format: str, encoder: _Encoder, is_own_family: bool
) -> tuple[int, int, int] | None:
    """Bits of depth lost, chroma detail lost, needless richness; None where the pair does not work."""
    source, depth, shifts, model = _describe(picture.pixel_format)
    target = PlanarFormat.parse(pixel_format)
    if target is None or (target.model == "rgb" and (model != "rgb" or not is_own_family)):
        return None
    if target.model == "gray" and (model != "gray" or not is_own_family):
        # Elsewhere gray goes into 4:2:0 without loss, and every player shows that.
        return None
    if target.is_full_range_by_name and not picture.is_full_range:
        return None
    takes_odd = encoder.family in {"vp9", "av1"}
    width, height = picture.size.width, picture.size.height
    if not takes_odd and (width % (1 << target.shift_x) or height % (1 << target.shift_y)):
        return None
    lost_chroma = max(0, target.shift_x - shifts[0]) + max(0, target.shift_y - shifts[1])
    has_chroma = target.model != "gray"
    extra_chroma = has_chroma * (max(0, shifts[0] - target.shift_x) + max(0, shifts[1] - target.shift_y))
    other_name = 0 if pixel_format == source else 1
    other_model = 10 if model not in {target.model, "gray"} else 0
    return (
        max(0, depth - target.depth),
        lost_chroma,
        4 * max(0, target.depth - depth) + 2 * extra_chroma + other_name + other_model,
    )


def _describe(pixel_format: str) -> tuple[str, int, tuple[int, int], str]:
    """Name without alpha, depth, chroma shifts and colour model of any format that a decoder may give."""
    described = av.VideoFormat(pixel_format)
    bits = [part.bits for part in described.components if not part.is_alpha]
    depth = 8 if described.has_palette else max(8, *bits, 8)
    name = pixel_format.replace("yuva", "yuv").replace("gbrap", "gbrp")
    planar = PlanarFormat.parse(name)
    if planar is not None:
        shifts = (1, 1) if planar.model == "gray" else (planar.shift_x, planar.shift_y)
        return name, depth, shifts, planar.model
    if described.has_palette or (described.is_rgb and not described.is_planar):
        # Packed RGB is what GIF and screen recorders give. 4:2:0 is all that browsers and phones show.
        return name, depth, (1, 1), "rgb"
    # Packed and semi-planar YUV, or big-endian: as rich as its chroma planes say.
    shifts = (_log2(16 // described.chroma_width(16)), _log2(16 // described.chroma_height(16)))
    return name, depth, shifts, "gray" if len(bits) == 1 else "yuv"


def _log2(ratio: int) -> int:
    return ratio.bit_length() - 1


def _loses_pixel_shape(picture: Picture, container: ContainerChoice, encoder: _Encoder) -> bool:
    # H.264 and HEVC name it in their own headers; of VP9 and AV1 PyAV cannot tell Matroska's muxer.
    return not picture.is_square and container.is_matroska and encoder.family in {"vp9", "av1"}


def _can_interlace(picture: Picture, encoder: _Encoder, pixel_format: str) -> bool:
    layout = PlanarFormat.parse(pixel_format)
    # x264 wants whole chroma rows in each field; the other encoders cannot code fields of woven frames.
    return (
        picture.is_interlaced
        and encoder.family == "h264"
        and layout is not None
        and picture.size.height % (2 << layout.shift_y) == 0
    )


def _notices(
    picture: Picture, container: ContainerChoice, encoder: _Encoder, pixel_format: str
) -> tuple[str, ...]:
    _, depth, shifts, model = _describe(picture.pixel_format)
    target = PlanarFormat.parse(pixel_format)
    assert target is not None
    notices = []
    if _loses_pixel_shape(picture, container, encoder):
        notices.append(f"the pixel shape is lost: {encoder.name} in {container.suffix} gets square pixels")
    if depth > target.depth:
        notices.append(
            f"{depth} bits per sample become {target.depth}: no encoder for {container.suffix} holds more"
        )
    if target.shift_x > shifts[0] or target.shift_y > shifts[1]:
        notices.append(
            f"colour detail is lost: {picture.pixel_format} becomes {pixel_format} in {container.suffix}"
        )
    is_richer = target.model == "yuv" and (target.shift_x, target.shift_y) == (0, 0) and shifts != (0, 0)
    if is_richer and model != "gray":
        notices.append(
            f"the odd size {picture.size} is kept by coding {encoder.family} in 4:4:4, "
            "which some players cannot show"
        )
    return tuple(notices)


def _options(encoder: _Encoder, settings: EncodeSettings) -> dict[str, str]:
    options = dict(encoder.options)
    if settings.crf is not None:
        if not encoder.min_crf <= settings.crf <= encoder.max_crf:
            raise RequestError(
                f"crf {settings.crf} is out of range for {encoder.name}: "
                f"use {encoder.min_crf} (best) to {encoder.max_crf}"
            )
        options["crf"] = str(settings.crf)
    if settings.preset is not None:
        step = _PRESETS.index(settings.preset)
        options[encoder.preset_option] = encoder.presets[step]
        if encoder.family == "vp9" and step >= _PRESETS.index("faster"):
            # Speeds below 6 belong to libvpx's other mode.
            options["deadline"] = "good"
    if encoder.family == "av1":
        # The library would write its banner to stderr, which is not ours to fill.
        os.environ.setdefault("SVT_LOG", "1")
    return options


@cache
def _formats_of(encoder: str) -> tuple[str, ...]:
    try:
        formats = av.Codec(encoder, "w").video_formats or []
    except av.error.FFmpegError:
        return ()
    return tuple(each.name for each in formats if PlanarFormat.parse(each.name))


@cache
def codecs_held_by(muxer: str) -> frozenset[str]:
    """Names of all encoders and decoders whose codec the container holds."""
    if muxer == "mpegts":
        return _HELD_BY_TS
    container = av.open(io.BytesIO(), "w", format=muxer)
    assert isinstance(container, OutputContainer)
    with container:
        return frozenset(container.supported_codecs)
