"""Blocks of a JPEG, PNG or WebP file: what draws the picture, what sets its look, what tells about people.

The decoder is handed the drawing blocks only, so no note, thumbnail or second picture of a file can reach an
output by accident, and the size is known before a single pixel is decoded.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from efface.domain.geometry import Orientation, Size

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Colour and density say how the picture looks, not who is in it: they are copied as they are.
_PNG_LOOK = frozenset({b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI", b"pHYs"})
_PNG_DRAWING = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PNG_TEXT = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_WEBP_DRAWING = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_JPEG_SOF = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_EXIF_ORIENTATION = 0x0112
_EXIF_HEAD = b"Exif\x00\x00"
_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\x00"
_ICC_HEAD = b"ICC_PROFILE\x00"

_ORIENTATIONS = {
    1: Orientation.UPRIGHT,
    2: Orientation.MIRRORED,
    3: Orientation.TURNED_180,
    4: Orientation.MIRRORED_180,
    5: Orientation.MIRRORED_270,
    6: Orientation.TURNED_90,
    7: Orientation.MIRRORED_90,
    8: Orientation.TURNED_270,
}


class ImageFormat(Enum):
    """The still picture formats that efface reads and writes."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File name extensions, the usual one first."""
        return {"JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"), "PNG": (".png",), "WebP": (".webp",)}[self.value]

    def suffix_for(self, path: Path) -> str:
        """Extension of an output made from ``path``: its own where it fits the format, else the usual one."""
        return path.suffix if path.suffix.lower() in self.suffixes else self.suffixes[0]


class BrokenStructureError(ValueError):
    """The bytes do not hold together as the format says; it never leaves this package."""


@dataclass(frozen=True, slots=True)
class ImageStructure:
    """One picture file, taken apart."""

    format: ImageFormat
    size: Size
    """Coded: before the picture is turned upright."""
    drawing: bytes = field(repr=False)
    """A file of the same format that holds the drawing blocks alone."""
    orientation: Orientation = Orientation.UPRIGHT
    bit_depth: int = 8
    """Bits per sample: 1, 2, 4, 8 or 16."""
    is_animated: bool = False
    is_lossless: bool = True
    icc: bytes | None = None
    """Colour profile; None for PNG, whose profile is one of ``look``."""
    look: tuple[tuple[bytes, bytes], ...] = ()
    """PNG chunks (type, payload) on colour and density."""
    exif: bytes | None = None
    """TIFF structure of the EXIF block, without the ``Exif`` head."""
    xmp: bytes | None = None
    texts: tuple[tuple[bytes, bytes], ...] = ()
    """PNG text chunks (type, payload)."""
    comment: bytes | None = None
    """JPEG comment."""

    @property
    def upright_size(self) -> Size:
        """Size of the picture as shown."""
        return self.orientation.upright_size(self.size)


def image_format(head: bytes) -> ImageFormat | None:
    """The format that the first 16 bytes of a file announce, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return ImageFormat.JPEG
    if head.startswith(PNG_SIGNATURE):
        return ImageFormat.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    return None


def take_apart(data: bytes) -> ImageStructure:
    """Read the blocks of a whole file.

    Raises:
        BrokenStructureError: not one of the three formats, or cut off before the picture begins.
    """
    readers = {ImageFormat.JPEG: _jpeg, ImageFormat.PNG: _png, ImageFormat.WEBP: _webp}
    format_ = image_format(data[:16])
    if format_ is None:
        raise BrokenStructureError("it holds no JPEG, PNG or WebP data")
    try:
        return readers[format_](data)
    except (struct.error, IndexError, zlib.error) as error:
        raise BrokenStructureError("its header is cut off or broken") from error


def exif_orientation(tiff: bytes | None) -> Orientation:
    """Orientation of an EXIF block; upright where the tag is missing, broken or out of range."""
    if tiff is None or tiff[:2] not in {b"II", b"MM"}:
        return Orientation.UPRIGHT
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _type, _n, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == _EXIF_ORIENTATION:
                return _ORIENTATIONS.get(value, Orientation.UPRIGHT)
    except struct.error:
        pass  # a cut-off block says nothing
    return Orientation.UPRIGHT


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Chunks (type, payload) of a PNG file up to IEND; stops at a cut-off or unreadable one."""
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        yield kind, data[at + 8 : at + 8 + length]
        if kind == b"IEND":
            return
        at += 12 + length


def png_chunk(kind: bytes, payload: bytes) -> bytes:
    """One PNG chunk with length and checksum."""
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def _png(data: bytes) -> ImageStructure:
    width, height, depth, colour_type = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] != b"IHDR" or colour_type not in _PNG_CHANNELS:
        raise BrokenStructureError("its header is cut off or broken")
    drawing: list[bytes] = [PNG_SIGNATURE]
    look: list[tuple[bytes, bytes]] = []
    texts: list[tuple[bytes, bytes]] = []
    exif: bytes | None = None
    is_animated = False
    at = len(PNG_SIGNATURE)
    for kind, payload in png_chunks(data):
        end = at + 12 + len(payload)
        if kind in _PNG_DRAWING:
            drawing.append(data[at:end])  # with its own checksum, so that the decoder sees damage
        elif kind in _PNG_LOOK:
            look.append((kind, payload))
        elif kind in _PNG_TEXT:
            texts.append((kind, payload))
        elif kind == b"eXIf":
            exif = payload
        is_animated |= kind == b"fdAT"
        at = end
    return ImageStructure(
        ImageFormat.PNG,
        _size(width, height),
        b"".join(drawing),
        orientation=exif_orientation(exif),
        bit_depth=depth,
        is_animated=is_animated,
        look=tuple(look),
        exif=exif,
        texts=tuple(texts),
    )


def _webp(data: bytes) -> ImageStructure:
    chunks: dict[bytes, bytes] = {}
    drawing: list[bytes] = []
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        payload = data[at + 8 : at + 8 + length]
        chunks.setdefault(kind, payload)
        if kind in _WEBP_DRAWING:
            drawing.append(data[at : at + 8 + length + length % 2])
        at += 8 + length + length % 2
    size = _webp_size(chunks)
    if b"ALPH" in chunks:  # alpha beside lossy data needs the extended header; 0x10 says "has alpha"
        canvas = struct.pack("<I", 0x10) + (size.width - 1).to_bytes(3, "little")
        drawing.insert(0, struct.pack("<4sI", b"VP8X", 10) + canvas + (size.height - 1).to_bytes(3, "little"))
    body = b"".join(drawing)
    exif = chunks.get(b"EXIF")
    exif = exif.removeprefix(_EXIF_HEAD) if exif else None
    return ImageStructure(
        ImageFormat.WEBP,
        size,
        b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body,
        orientation=exif_orientation(exif),
        is_animated=b"ANMF" in chunks or b"ANIM" in chunks,
        is_lossless=b"VP8L" in chunks,
        icc=chunks.get(b"ICCP"),
        exif=exif,
        xmp=chunks.get(b"XMP "),
    )


def _webp_size(chunks: dict[bytes, bytes]) -> Size:
    """Size of the picture data itself; the canvas of the extended header may claim another one."""
    if b"VP8L" in chunks:
        (bits,) = struct.unpack_from("<I", chunks[b"VP8L"], 1)
        return _size(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if b"VP8 " in chunks:
        width, height = struct.unpack_from("<HH", chunks[b"VP8 "], 6)
        return _size(width & 0x3FFF, height & 0x3FFF)
    canvas = chunks.get(b"VP8X", b"")[4:10]  # an animation: each picture has its own data
    if len(canvas) < 6:
        raise BrokenStructureError("its header is cut off or broken")
    return _size(1 + int.from_bytes(canvas[:3], "little"), 1 + int.from_bytes(canvas[3:], "little"))


@dataclass(slots=True)
class _JpegNotes:
    size: Size | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    comment: bytes | None = None
    icc: dict[int, bytes] = field(default_factory=dict)

    def take(self, marker: int, payload: bytes) -> bool:
        """Note what a segment says; True where the decoder needs it too."""
        if marker in _JPEG_SOF:
            height, width = struct.unpack_from(">HH", payload, 1)
            self.size = _size(width, height)
        elif marker == 0xE1 and payload.startswith(_EXIF_HEAD):
            self.exif = self.exif or payload.removeprefix(_EXIF_HEAD)
        elif marker == 0xE1 and payload.startswith(_XMP_HEAD):
            self.xmp = self.xmp or payload.removeprefix(_XMP_HEAD)
        elif marker == 0xE2 and payload.startswith(_ICC_HEAD):
            self.icc[payload[12]] = payload[14:]
        elif marker == 0xFE:
            self.comment = payload
        is_note = marker == 0xFE or 0xE1 <= marker <= 0xEF
        return marker == 0xEE or not is_note  # APP14 says how the colours are coded


def _jpeg(data: bytes) -> ImageStructure:
    notes = _JpegNotes()
    drawing = [data[:2]]
    at = 2
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise BrokenStructureError("its header is cut off or broken")
        marker = data[at + 1]
        if marker in {0x00, 0xFF} or marker in _JPEG_BARE:
            at += 1
            continue
        if marker == 0xDA:
            drawing.append(data[at:])
            break
        if marker == 0xD9:
            raise BrokenStructureError("it ends before the picture begins")
        (length,) = struct.unpack_from(">H", data, at + 2)
        if notes.take(marker, data[at + 4 : at + 2 + length]):
            drawing.append(data[at : at + 2 + length])
        at += 2 + length
    if notes.size is None:
        raise BrokenStructureError("its header is cut off or broken")
    return ImageStructure(
        ImageFormat.JPEG,
        notes.size,
        b"".join(drawing),
        orientation=exif_orientation(notes.exif),
        is_lossless=False,
        icc=b"".join(notes.icc[i] for i in sorted(notes.icc)) or None,
        exif=notes.exif,
        xmp=notes.xmp,
        comment=notes.comment,
    )


def _size(width: int, height: int) -> Size:
    if width < 1 or height < 1:
        raise BrokenStructureError(f"its header claims a size of {width}x{height}")
    return Size(width, height)
