"""What of a picture's notes may be kept when the user asks to keep them.

A thumbnail or preview shows the unredacted face: it goes, whatever the user asks for.
"""

import re
import struct
import warnings
from dataclasses import dataclass

from PIL import Image

from efface.domain.geometry import Size
from efface.media.image.structure import ImageStructure

# Orientation becomes 1; sizes become the upright ones.
_ORIENTATION, _EXIF_IFD, _WIDTH, _HEIGHT = 0x0112, 0x8769, 0xA002, 0xA003
# Places where cameras put previews: thumbnail, sub-pictures, and the maker's note of unknown layout.
_PREVIEW_TAGS = (0x0201, 0x0202, 0x014A, 0x927C, 0x501B, 0xC634)
_MAX_BLOB = 2048
"""Bytes of a tag that is no text; no preview fits into less."""
_EMBEDDED = re.compile(
    rb"xmpGImg|GImage:|GDepth:|[A-Za-z0-9+/]{512}|(?:[A-Za-z0-9+/]{60,80}(?:&#x[AD];|\s)*){6}"
)
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>)\s*)[1-8]")


@dataclass(frozen=True, slots=True)
class KeptMetadata:
    """Notes that go into an output; empty unless they were asked for."""

    exif: bytes | None = None
    """TIFF structure."""
    xmp: bytes | None = None
    comment: bytes | None = None
    texts: tuple[tuple[bytes, bytes], ...] = ()
    """PNG chunks (type, payload)."""


def kept_metadata(structure: ImageStructure, size: Size) -> KeptMetadata:
    """Notes of a file without pictures in them, set right for the upright picture of ``size``.

    EXIF loses its thumbnail and maker note. Compressed text is left out, and so is text that holds a picture.
    """
    return KeptMetadata(
        exif=_exif(structure.exif, size),
        xmp=_xmp(structure.xmp),
        comment=structure.comment,
        texts=tuple((kind, _upright_xmp(text)) for kind, text in structure.texts if _is_plain(kind, text)),
    )


def _exif(tiff: bytes | None, size: Size) -> bytes | None:
    if tiff is None:
        return None
    exif = Image.Exif()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of each broken tag, and leaves it out
        try:
            exif.load(b"Exif\x00\x00" + tiff)
            for ifd in (exif, *(exif.get_ifd(tag) for tag in (_EXIF_IFD, 0x8825))):
                for tag in [*ifd]:
                    value = ifd[tag]
                    if tag in _PREVIEW_TAGS or (isinstance(value, bytes) and len(value) > _MAX_BLOB):
                        del ifd[tag]
            exif[_ORIENTATION] = 1
            exif.get_ifd(_EXIF_IFD).update({_WIDTH: size.width, _HEIGHT: size.height})
            return bytes(exif.tobytes()).removeprefix(b"Exif\x00\x00")
        except (OSError, SyntaxError, ValueError, KeyError, TypeError, IndexError, struct.error):
            return None  # too broken to be taken apart, hence to be freed of its thumbnail


def _xmp(packet: bytes | None) -> bytes | None:
    if packet is None or _EMBEDDED.search(packet):
        return None
    return _upright_xmp(packet)


def _upright_xmp(packet: bytes) -> bytes:
    return _XMP_ORIENTATION.sub(rb"\g<1>1", packet)


def _is_plain(kind: bytes, text: bytes) -> bool:
    keyword, _, rest = text.partition(b"\x00")
    is_compressed = kind == b"zTXt" or (kind == b"iTXt" and rest[:1] == b"\x01")
    is_profile = keyword.startswith(b"Raw profile type")  # ImageMagick's way to carry EXIF and IPTC as hex
    return not (is_compressed or is_profile or _EMBEDDED.search(rest))
