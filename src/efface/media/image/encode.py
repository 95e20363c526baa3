"""Writing a still picture: the format, depth and compression of its source, and none of its notes."""

import io
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from efface.domain.errors import OutputError
from efface.domain.media import EncodeSettings
from efface.media.files import atomic_output, output_error
from efface.media.image.document import ImageDocument, Samples, in_order
from efface.media.image.metadata import KeptMetadata, kept_metadata
from efface.media.image.structure import PNG_SIGNATURE, ImageFormat, png_chunk, png_chunks
from efface.media.planes import EditableFrame

_MAX_SIDE = {ImageFormat.JPEG: 65_500, ImageFormat.WEBP: 16_383, ImageFormat.PNG: 2**31 - 1}
_WEBP_QUALITY = 90
_JPEG_QUALITY = 92
"""For a picture that was no JPEG before."""
_MAX_ICC_BYTES = 1 << 24


def write_image(
    document: ImageDocument,
    frame: EditableFrame,
    path: Path,
    settings: EncodeSettings | None = None,
    *,
    overwrite: bool = True,
) -> None:
    """Write the edited picture; it appears under ``path`` whole or not at all.

    The format follows the extension of ``path``: that of the source, or another of the three. Only
    ``keep_metadata`` of the settings matters.

    Args:
        frame: planes as ``document.editable()`` gave them, edited.
        overwrite: whether a file that is there already may be replaced.

    Raises:
        OutputError: the extension names no picture format, the format cannot hold the picture, ``path`` is
            the source, or it cannot be written.
    """
    format_ = _format_of(path, document.format)
    keep = settings is not None and settings.keep_metadata
    data = encode_image(document, frame, format_, keep_metadata=keep)
    try:
        with atomic_output(path, overwrite=overwrite, never=(document.path,)) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise output_error(path, error) from error


def encode_image(
    document: ImageDocument, frame: EditableFrame, format_: ImageFormat, *, keep_metadata: bool = False
) -> bytes:
    """The edited picture as the bytes of a file; pixels that were changed become opaque.

    Raises:
        OutputError: the format cannot hold a picture of this size.
    """
    size = document.size
    if max(size.width, size.height) > _MAX_SIDE[format_]:
        raise OutputError(
            f"{document.path} has {size} pixels, too many for {format_.value}: choose a .png output"
        )
    planes = list(in_order(frame))
    notes = kept_metadata(document.structure, size) if keep_metadata else KeptMetadata()
    alpha = None if document.alpha is None else _opaque_where_changed(document, planes)
    writer = {ImageFormat.JPEG: _jpeg, ImageFormat.PNG: _png, ImageFormat.WEBP: _webp}[format_]
    return writer(document, planes, alpha, notes)


def _format_of(path: Path, source: ImageFormat) -> ImageFormat:
    suffix = path.suffix.lower()
    if not suffix:
        return source
    for format_ in ImageFormat:
        if suffix in format_.suffixes:
            return format_
    raise OutputError(f"{path} has no extension of a picture: choose .jpg, .png or .webp")


def _opaque_where_changed(document: ImageDocument, planes: list[Samples]) -> Samples:
    """Alpha with full opacity on every edited pixel: the outline of a face must not remain in it."""
    assert document.alpha is not None
    changed = np.zeros(document.alpha.shape, np.uint8)
    for before, after in zip(document.planes, planes, strict=True):
        changed |= before != after
    # A blurred pixel may by chance keep its value: such specks are closed.
    changed = np.asarray(cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)))
    alpha = document.alpha.copy()
    alpha[changed != 0] = np.iinfo(alpha.dtype).max
    return alpha


def _eight_bit(samples: Samples) -> NDArray[np.uint8]:
    return np.asarray(samples >> 8 if samples.itemsize == 2 else samples, np.uint8)


def _pillow(planes: list[Samples], alpha: Samples | None) -> Image.Image:
    """Picture of mode L, LA, RGB or RGBA, 8 bits deep."""
    bands = [
        Image.fromarray(np.ascontiguousarray(_eight_bit(samples)))
        for samples in (*planes, *(() if alpha is None else (alpha,)))
    ]
    return Image.merge({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[len(bands)], bands)


def _jpeg(
    document: ImageDocument, planes: list[Samples], alpha: Samples | None, notes: KeptMetadata
) -> bytes:
    picture = _pillow(planes, alpha)
    if alpha is not None:  # JPEG has no transparency: show it on white, as viewers do
        paper = Image.new(picture.mode, picture.size, "white")
        picture = Image.alpha_composite(paper.convert("RGBA"), picture.convert("RGBA")).convert(
            picture.mode.rstrip("A")
        )
    options: dict[str, Any] = {"quality": _JPEG_QUALITY, "subsampling": 0}
    coding = document.jpeg
    if coding is not None and coding.quantisation:
        options = {
            "qtables": [list(table) for table in coding.quantisation],
            "subsampling": coding.subsampling,
        }
        options["progressive"] = coding.is_progressive
    if document.density is not None:
        options["dpi"] = document.density
    if notes.comment is not None:
        options["comment"] = notes.comment
    return _save(picture, "JPEG", {**options, **_blocks(document, notes), "optimize": True})


def _webp(
    document: ImageDocument, planes: list[Samples], alpha: Samples | None, notes: KeptMetadata
) -> bytes:
    is_lossless = document.structure.is_lossless
    options: dict[str, Any] = {"lossless": True, "exact": True} if is_lossless else {"quality": _WEBP_QUALITY}
    return _save(_pillow(planes, alpha), "WEBP", {**options, **_blocks(document, notes)})


def _blocks(document: ImageDocument, notes: KeptMetadata) -> dict[str, Any]:
    """Pillow's options for the colour profile, and for notes where they are kept."""
    icc = _icc(document)
    exif = b"Exif\x00\x00" + notes.exif if notes.exif is not None and len(notes.exif) < 65_500 else None
    xmp = notes.xmp if notes.xmp is not None and len(notes.xmp) < 65_500 else None
    found = {"icc_profile": icc, "exif": exif, "xmp": xmp}
    return {name: block for name, block in found.items() if block is not None}


def _save(picture: Image.Image, format_: str, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()


def _icc(document: ImageDocument) -> bytes | None:
    """Colour profile that fits the planes; the one of a CMYK picture does not."""
    if document.structure.format is not ImageFormat.PNG:
        profile = document.structure.icc
        return None if profile is not None and profile[16:20] == b"CMYK" else profile
    for kind, payload in document.structure.look:
        if kind == b"iCCP":
            _name, _, packed = payload.partition(b"\x00")
            try:
                return zlib.decompressobj().decompress(packed[1:], _MAX_ICC_BYTES)
            except zlib.error:
                return None
    return None


def _png(document: ImageDocument, planes: list[Samples], alpha: Samples | None, notes: KeptMetadata) -> bytes:
    if document.depth == 16:
        plain = _deep_png(planes, alpha)
    else:
        picture = _pillow(planes, alpha)
        if document.is_bilevel and alpha is None and _is_black_and_white(planes[0]):
            picture = picture.convert("1", dither=Image.Dither.NONE)
        plain = _save(picture, "PNG", {})
    (header, *rest) = png_chunks(plain)
    chunks = [header, *_png_extras(document, notes), *rest]
    return PNG_SIGNATURE + b"".join(png_chunk(kind, payload) for kind, payload in chunks)


def _is_black_and_white(plane: Samples) -> bool:
    return bool(np.isin(plane, (0, 255)).all())


def _png_extras(document: ImageDocument, notes: KeptMetadata) -> list[tuple[bytes, bytes]]:
    extras = list(document.structure.look)
    icc = _icc(document)
    if icc is not None and document.format is not ImageFormat.PNG:
        extras.append((b"iCCP", b"ICC profile\x00\x00" + zlib.compress(icc)))
    if notes.exif is not None:
        extras.append((b"eXIf", notes.exif))
    if notes.xmp is not None:
        extras.append((b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + notes.xmp))
    return [*extras, *notes.texts]


def _deep_png(planes: list[Samples], alpha: Samples | None) -> bytes:
    """16 bits per sample, which Pillow cannot write in colour. Rows are stored as differences."""
    samples = np.stack([*planes, *(() if alpha is None else (alpha,))], axis=-1)
    height, width, channels = samples.shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    above = np.vstack([np.zeros_like(rows[:1]), rows[:-1]])
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2  # the filter "Up"
    filtered[:, 1:] = rows - above
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([16, colour_type, 0, 0, 0])
    data = zlib.compress(filtered.tobytes())
    return PNG_SIGNATURE + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")
