"""Reading a still picture: size first, then pixels, then upright planes."""

import dataclasses
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from efface.domain.errors import (
    DamagedMediaError,
    MediaNotFoundError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from efface.domain.geometry import Orientation
from efface.domain.media import MediaKind
from efface.media.image.document import ImageDocument, JpegCoding, Samples
from efface.media.image.structure import (
    BrokenStructureError,
    ImageFormat,
    ImageStructure,
    take_apart,
)
from efface.media.sniff import sniff

MAX_PIXELS = 128_000_000
"""A 108 megapixel phone picture is read, a 33 kB file of 268 megapixels is not."""
MAX_BYTES = 1 << 30
"""The file is held in memory while it is read."""

# Opened by class, not by `Image.open`: that would try every format it knows, warn from 89 megapixels on, and
# follow the second pictures of a JPEG.
_OPENERS: dict[ImageFormat, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    ImageFormat.JPEG: JpegImagePlugin.JpegImageFile,
    ImageFormat.PNG: PngImagePlugin.PngImageFile,
    ImageFormat.WEBP: WebPImagePlugin.WebPImageFile,
}
# What Pillow's plugins raise on damaged files; `Image.open` knows the same list.
_PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    EOFError,
    struct.error,
    RuntimeError,
)


def read_image(path: Path) -> ImageDocument:
    """Read a JPEG, PNG or WebP file, turned upright as its EXIF orientation says.

    Colours hidden under fully transparent pixels are blackened, so that nothing lies beneath what is seen.

    Raises:
        MediaNotFoundError: no such file, or it may not be read.
        UnsupportedMediaError: another picture format, or an animation.
        MediaTooLargeError: more than ``MAX_PIXELS`` pixels; raised before any is decoded.
        DamagedMediaError: cut off, broken, or no picture at all.
    """
    structure = _take_apart(path)
    try:
        return _decode(path, structure)
    except _PILLOW_ERRORS as error:
        raise DamagedMediaError(f"{path} cannot be decoded ({error}): use an intact copy of it") from error


def probe_image(path: Path) -> ImageStructure:
    """What the header of a picture says, without decoding it. ``drawing`` is left empty.

    Raises:
        MediaNotFoundError, UnsupportedMediaError, MediaTooLargeError: as ``read_image``.
        DamagedMediaError: cut off or broken before the picture begins.
    """
    return dataclasses.replace(_take_apart(path), drawing=b"")


def _take_apart(path: Path) -> ImageStructure:
    data = _load(path)
    try:
        structure = take_apart(data)
    except BrokenStructureError as error:
        raise DamagedMediaError(
            f"{path} is not a readable picture, {error}: use an intact copy of it"
        ) from error
    if structure.is_animated:
        raise UnsupportedMediaError(
            f"{path} is an animated {structure.format.value}: convert it to GIF or MP4 first"
        )
    pixels = structure.size.width * structure.size.height
    if pixels > MAX_PIXELS:
        raise MediaTooLargeError(
            f"{path} has {structure.size} pixels, over {MAX_PIXELS // 10**6} megapixels: scale it down first"
        )
    return structure


def _load(path: Path) -> bytes:
    if sniff(path) is not MediaKind.IMAGE:
        raise UnsupportedMediaError(f"{path} is a video, not a still picture: give it as a video")
    try:
        size_bytes = path.stat().st_size
        if size_bytes > MAX_BYTES:
            raise MediaTooLargeError(f"{path} has {size_bytes} bytes, more than 1 GiB: scale it down first")
        return path.read_bytes()
    except OSError as error:
        raise MediaNotFoundError(f"{path} cannot be read: {error.strerror}") from error


def _decode(path: Path, structure: ImageStructure) -> ImageDocument:
    with _OPENERS[structure.format](io.BytesIO(structure.drawing)) as image:
        if image.size != (structure.size.width, structure.size.height):
            raise ValueError("its header gives two sizes")
        image.load()
        notices: list[str] = []
        channels = (
            _deep_channels(structure) if structure.bit_depth == 16 else _channels(image, structure, notices)
        )
        upright = [_upright(samples, structure.orientation) for samples in channels]
        alpha = upright.pop() if len(upright) in {2, 4} else None
        if alpha is not None:
            for plane in upright:
                plane[alpha == 0] = 0
        return ImageDocument(
            path=path,
            structure=dataclasses.replace(structure, drawing=b""),
            planes=tuple(upright),
            alpha=alpha,
            jpeg=_jpeg_coding(image, structure.orientation),
            density=image.info.get("dpi") if structure.format is ImageFormat.JPEG else None,
            is_bilevel=image.mode == "1",
            notices=tuple(notices),
        )


def _channels(image: Image.Image, structure: ImageStructure, notices: list[str]) -> list[Samples]:
    """Coded channels: gray or RGB, with alpha last where there is any."""
    working = image
    if image.mode == "CMYK":
        notices.append("CMYK colours were converted to sRGB")
        working = _srgb_from_cmyk(image, structure.icc)
    elif "transparency" in image.info:
        working = image.convert("LA" if image.mode in {"1", "L"} else "RGBA")
    elif image.mode == "P":
        working = image.convert("RGB")
    elif image.mode == "1":
        working = image.convert("L")
    if working.mode not in {"L", "LA", "RGB", "RGBA"}:
        raise ValueError(f"its colours are of an unknown kind, {working.mode}")
    return [np.asarray(working.getchannel(i)) for i in range(len(working.getbands()))]


def _srgb_from_cmyk(image: Image.Image, icc: bytes | None) -> Image.Image:
    if icc is not None:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            converted = ImageCms.profileToProfile(
                image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a profile that is broken or for other colours
        if converted is not None:
            return converted
    return image.convert("RGB")


def _deep_channels(structure: ImageStructure) -> list[Samples]:
    """Channels of a 16-bit PNG; Pillow, which has checked the file by now, would cut colours to 8 bits."""
    decoded = cv2.imdecode(np.frombuffer(structure.drawing, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16:
        raise ValueError("its 16-bit samples cannot be read")
    if decoded.ndim == 2:
        return [decoded]
    channels: list[Samples] = [decoded[..., i] for i in range(decoded.shape[2])]
    return [*channels[2::-1], *channels[3:]]  # BGR(A) to RGB(A)


def _upright(samples: NDArray[Any], orientation: Orientation) -> Samples:
    return np.array(orientation.to_upright(samples), order="C", copy=True)


def _jpeg_coding(image: Image.Image, orientation: Orientation) -> JpegCoding | None:
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return None
    numbers = [component[3] for component in image.layer[:2]]  # luma, chroma
    tables = [
        np.clip(image.quantization[number], 1, 255).reshape(8, 8)
        for number in numbers
        if number in image.quantization
    ]
    if orientation.swaps_axes:
        tables = [table.T for table in tables]
    subsampling = JpegImagePlugin.get_sampling(image)
    if orientation.swaps_axes and subsampling == 1:
        subsampling = 0  # 4:2:2 on its side is 4:4:0, which Pillow cannot write; nothing is lost in 4:4:4
    return JpegCoding(
        tuple(tuple(int(step) for step in table.flat) for table in tables),
        subsampling,
        bool(image.info.get("progressive")),
    )
