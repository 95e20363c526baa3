"""Still pictures made on the spot: every mode, every orientation, and what must not get into an output."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageDraw, ImageOps, JpegImagePlugin, PngImagePlugin

from efface.domain.errors import DamagedMediaError, MediaTooLargeError, OutputError, UnsupportedMediaError
from efface.domain.geometry import Size
from efface.domain.media import EncodeSettings
from efface.media.image import ImageDocument, ImageFormat, encode_image, probe_image, read_image, write_image
from efface.media.image.structure import PNG_SIGNATURE, png_chunk
from efface.media.planes import EditableFrame

_MARK = b"SECRET-NAME-OF-ANNA"
_PIXEL_SUFFIXES = [".png", ".jpg", ".webp"]


def _picture(width: int = 96, height: int = 64) -> Image.Image:
    """Smooth colours with one bright corner, so that a wrong turn shows."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 255 // width, y * 255 // height, (x + y) % 64 + 60], axis=-1).astype(np.uint8)
    rgb[: height // 4, : width // 4] = (255, 255, 0)
    return Image.fromarray(rgb)


def _save(path: Path, picture: Image.Image, **options: Any) -> Path:
    picture.save(path, **options)
    return path


def _redact(document: ImageDocument, box: tuple[int, int, int, int]) -> EditableFrame:
    frame = document.editable()
    x1, y1, x2, y2 = box
    for plane in frame.planes:
        plane.pixels[y1:y2, x1:x2] = plane.black
    return frame


def _shown(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _difference(a: NDArray[Any], b: NDArray[Any]) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def _mean_difference(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", _PIXEL_SUFFIXES)
def test_every_exif_orientation_comes_out_upright_without_a_tag(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = _save(tmp_path / f"turned{suffix}", _picture(), exif=exif, quality=95)
    with Image.open(path) as source:
        expected = np.asarray(ImageOps.exif_transpose(source).convert("RGB"))

    document = read_image(path)
    data = encode_image(document, document.editable(), document.format)

    assert document.size == Size(expected.shape[1], expected.shape[0])
    assert _difference(document.rgb(), expected) == 0
    assert _mean_difference(_shown(data), expected) <= (0 if suffix == ".png" else 3)
    assert 0x0112 not in Image.open(io.BytesIO(data)).getexif()


def _exif_with_place_and_thumbnail(thumbnail: bytes) -> bytes:
    """TIFF structure by hand: a name and GPS in IFD0, a JPEG thumbnail in IFD1."""
    place = struct.pack("<HHII", 1, 2, 2, int.from_bytes(b"N\x00\x00\x00", "little"))
    ifd0_at, name_at = 8, 8 + 2 + 3 * 12 + 4
    gps_at = name_at + len(_MARK)
    ifd1_at = gps_at + 2 + 2 * 12 + 4
    latitude_at = ifd1_at + 2 + 2 * 12 + 4
    thumbnail_at = latitude_at + 24
    ifd0 = struct.pack("<H", 3)
    ifd0 += struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    ifd0 += struct.pack("<HHII", 0x013B, 2, len(_MARK), name_at)
    ifd0 += struct.pack("<HHII", 0x8825, 4, 1, gps_at) + struct.pack("<I", ifd1_at)
    gps = struct.pack("<H", 2) + place + struct.pack("<HHII", 2, 5, 3, latitude_at) + struct.pack("<I", 0)
    ifd1 = struct.pack("<H", 2) + struct.pack("<HHII", 0x0201, 4, 1, thumbnail_at)
    ifd1 += struct.pack("<HHII", 0x0202, 4, 1, len(thumbnail)) + struct.pack("<I", 0)
    latitude = struct.pack("<IIIIII", 48, 1, 8, 1, 123457, 1000)
    assert ifd0_at + len(ifd0) == name_at
    return b"II*\x00" + struct.pack("<I", ifd0_at) + ifd0 + _MARK + gps + ifd1 + latitude + thumbnail


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def _jpeg_that_tells_all(path: Path) -> tuple[Path, bytes]:
    """A JPEG with all kinds of notes and a second picture behind it; gives the thumbnail too."""
    small = io.BytesIO()
    _picture(32, 24).save(small, "JPEG", quality=70)
    thumbnail = small.getvalue()
    plain = io.BytesIO()
    _picture().save(plain, "JPEG", quality=90)
    notes = _segment(0xE1, b"Exif\x00\x00" + _exif_with_place_and_thumbnail(thumbnail))
    notes += _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>" + _MARK + b"</x:xmpmeta>")
    notes += _segment(0xE2, b"MPF\x00" + _MARK)
    notes += _segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + _MARK)
    notes += _segment(0xFE, _MARK)
    data = plain.getvalue()
    path.write_bytes(data[:2] + notes + data[2:] + thumbnail + _MARK)
    return path, thumbnail


def test_place_name_thumbnail_and_second_pictures_of_a_jpeg_are_gone(tmp_path: Path) -> None:
    path, thumbnail = _jpeg_that_tells_all(tmp_path / "phone.jpg")
    exif = Image.Exif()
    exif.load(b"Exif\x00\x00" + _exif_with_place_and_thumbnail(thumbnail))
    assert exif.get_ifd(0x8825)[2] == (48, 8, 123.457)
    source = path.read_bytes()
    assert source.count(_MARK) == 6
    assert source.count(thumbnail) == 2

    document = read_image(path)
    write_image(document, _redact(document, (10, 10, 40, 40)), tmp_path / "safe.jpg")

    data = (tmp_path / "safe.jpg").read_bytes()
    assert _MARK not in data
    assert thumbnail[20:-20] not in data
    assert struct.pack("<II", 123457, 1000) not in data
    for trace in (b"Exif", b"http:", b"MPF", b"Photoshop", b"8BIM"):
        assert trace not in data
    assert data.count(b"\xff\xd8\xff") == 1
    assert data.endswith(b"\xff\xd9")
    assert _shown(data)[12:38, 12:38].max() <= 12


def test_kept_metadata_has_the_place_but_never_the_thumbnail(tmp_path: Path) -> None:
    path, thumbnail = _jpeg_that_tells_all(tmp_path / "phone.jpg")

    document = read_image(path)
    write_image(document, document.editable(), tmp_path / "kept.jpg", EncodeSettings(keep_metadata=True))

    data = (tmp_path / "kept.jpg").read_bytes()
    exif = Image.open(io.BytesIO(data)).getexif()
    assert exif.get_ifd(0x8825)[2] == (48, 8, 123.457)
    assert exif[0x013B] == _MARK.decode()
    assert exif[0x0112] == 1
    assert thumbnail[20:-20] not in data
    assert data.count(b"\xff\xd8\xff") == 1


def test_kept_xmp_is_left_out_when_it_holds_a_picture(tmp_path: Path) -> None:
    words = b'<x tiff:Orientation="6">' + _MARK + b"</x>"
    picture = b"<xmpGImg:image>" + b"A" * 900 + b"</xmpGImg:image>"
    for packet, survives in ((words, True), (words + picture, False)):
        path = _save(tmp_path / "x.webp", _picture(), xmp=packet)
        document = read_image(path)
        data = encode_image(document, document.editable(), ImageFormat.WEBP, keep_metadata=True)
        assert (_MARK in data) is survives
        assert b'Orientation="6"' not in data


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_notes_of_png_and_webp_are_gone_unless_kept(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x013B] = _MARK.decode()
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", _MARK.decode())
    texts.add_text("Comment", _MARK.decode(), zip=True)
    texts.add_text("Raw profile type exif", _MARK.decode())
    path = _save(
        tmp_path / f"noted{suffix}", _picture(), exif=exif, xmp=b"<x>" + _MARK + b"</x>", pnginfo=texts
    )
    assert _MARK in path.read_bytes()

    document = read_image(path)
    bare = encode_image(document, document.editable(), document.format)
    kept = encode_image(document, document.editable(), document.format, keep_metadata=True)

    assert _MARK not in bare
    assert Image.open(io.BytesIO(bare)).info.keys() <= {"loop", "background", "timestamp", "duration"}
    assert Image.open(io.BytesIO(kept)).getexif()[0x013B] == _MARK.decode()
    assert b"Raw profile" not in kept
    assert b"zTXt" not in kept


@pytest.mark.parametrize("suffix", _PIXEL_SUFFIXES)
def test_colour_profile_is_kept(tmp_path: Path, suffix: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    document = read_image(_save(tmp_path / f"tagged{suffix}", _picture(), icc_profile=profile))
    for target in ImageFormat:
        data = encode_image(document, document.editable(), target)
        assert Image.open(io.BytesIO(data)).info["icc_profile"] == profile


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("1", "1"), ("L", "L"), ("LA", "LA"), ("P", "RGB"), ("RGB", "RGB"), ("RGBA", "RGBA"), ("I;16", "I;16")],
)
def test_png_of_every_mode_looks_the_same_and_keeps_its_mode(
    tmp_path: Path, mode: str, expected: str
) -> None:
    if mode == "I;16":
        ramp = np.arange(96 * 64, dtype=np.uint16).reshape(64, 96) * 10
        picture = Image.fromarray(ramp)
    else:
        picture = _picture().convert("L").convert(mode) if mode == "1" else _picture().convert(mode)
    path = _save(tmp_path / "any.png", picture)

    document = read_image(path)
    data = encode_image(document, document.editable(), ImageFormat.PNG)

    with Image.open(path) as before, Image.open(io.BytesIO(data)) as after:
        assert after.mode == expected
        wanted = before.convert(expected) if mode == "P" else before
        assert _difference(np.asarray(wanted), np.asarray(after)) == 0


def test_gray_that_appears_in_a_bilevel_picture_is_kept(tmp_path: Path) -> None:
    document = read_image(_save(tmp_path / "bits.png", _picture().convert("1")))
    frame = document.editable()
    frame.planes[0].pixels[:8, :8] = 127
    with Image.open(io.BytesIO(encode_image(document, frame, ImageFormat.PNG))) as after:
        assert after.mode == "L"
        assert after.getpixel((3, 3)) == 127


def _deep_png(samples: NDArray[np.uint16]) -> bytes:
    height, width, channels = samples.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in samples)
    chunks = (
        (b"IHDR", header),
        (b"gAMA", struct.pack(">I", 45455)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return PNG_SIGNATURE + b"".join(png_chunk(kind, payload) for kind, payload in chunks)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bit_png_keeps_every_bit_outside_the_mask(tmp_path: Path, channels: int) -> None:
    samples = np.random.default_rng(7).integers(1, 65536, (20, 30, channels), np.uint16)
    path = tmp_path / "deep.png"
    path.write_bytes(_deep_png(samples))

    document = read_image(path)
    write_image(document, _redact(document, (5, 5, 10, 10)), tmp_path / "safe.png")
    again = read_image(tmp_path / "safe.png")

    expected = [samples[..., i] for i in range(channels)]
    alpha = expected.pop() if channels in {2, 4} else None
    colours = expected if len(again.planes) == len(expected) else expected * 3
    assert document.depth == again.depth == 16
    outside = np.ones((20, 30), bool)
    outside[5:10, 5:10] = False
    for plane, wanted in zip(again.planes, colours, strict=True):
        assert (plane[outside] == wanted[outside]).all()
        assert (plane[~outside] == 0).all()
    if alpha is not None:
        assert again.alpha is not None
        assert (again.alpha[outside] == alpha[outside]).all()
        assert (again.alpha[~outside] == 65535).all()
    assert again.structure.look == ((b"gAMA", struct.pack(">I", 45455)),)


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_masked_pixels_become_opaque_and_nothing_hides_under_clear_ones(tmp_path: Path, suffix: str) -> None:
    picture = _picture()
    alpha = Image.new("L", picture.size, 90)
    ImageDraw.Draw(alpha).rectangle((60, 0, 95, 63), fill=0)
    picture.putalpha(alpha)
    path = _save(tmp_path / f"clear{suffix}", picture, lossless=True, exact=True)

    document = read_image(path)
    data = encode_image(document, _redact(document, (10, 10, 30, 30)), document.format)

    rgba = np.asarray(Image.open(io.BytesIO(data)))
    assert (rgba[10:30, 10:30] == (0, 0, 0, 255)).all()
    assert (rgba[40:, :50, 3] == 90).all()
    assert (rgba[:, 61:] == 0).all()
    assert (document.rgb()[:, 61:] == 0).all()


def test_transparent_colour_of_a_palette_stays_transparent(tmp_path: Path) -> None:
    palette = _picture().convert("P")
    path = _save(tmp_path / "key.png", palette, transparency=palette.getpixel((0, 0)))
    document = read_image(path)
    with Image.open(io.BytesIO(encode_image(document, document.editable(), ImageFormat.PNG))) as after:
        assert after.mode == "RGBA"
        assert after.getpixel((0, 0)) == (0, 0, 0, 0)
        assert after.getpixel((90, 60))[3] == 255  # type: ignore[index]


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [30, 75, 98])
def test_jpeg_is_compressed_as_its_source(tmp_path: Path, quality: int, subsampling: int) -> None:
    path = _save(
        tmp_path / "a.jpg",
        _picture(),
        quality=quality,
        subsampling=subsampling,
        progressive=True,
        dpi=(300, 300),
    )
    document = read_image(path)
    data = encode_image(document, document.editable(), ImageFormat.JPEG)

    with Image.open(path) as before, Image.open(io.BytesIO(data)) as after:
        assert isinstance(before, JpegImagePlugin.JpegImageFile)
        assert isinstance(after, JpegImagePlugin.JpegImageFile)
        assert after.quantization == before.quantization
        assert JpegImagePlugin.get_sampling(after) == subsampling
        assert after.info["progressive"]
        assert after.info["dpi"] == (300, 300)
    assert 0.8 < len(data) / path.stat().st_size < 1.25


def test_gray_jpeg_stays_gray(tmp_path: Path) -> None:
    document = read_image(_save(tmp_path / "g.jpg", _picture().convert("L"), quality=90))
    with Image.open(io.BytesIO(encode_image(document, document.editable(), ImageFormat.JPEG))) as after:
        assert after.mode == "L"
    assert document.rgb().shape == (64, 96, 3)


def test_cmyk_jpeg_becomes_rgb_of_the_same_look_and_says_so(tmp_path: Path) -> None:
    document = read_image(
        _save(tmp_path / "print.jpg", _picture().convert("CMYK"), quality=95, subsampling=0)
    )
    data = encode_image(document, document.editable(), ImageFormat.JPEG)
    assert "CMYK" in document.notices[0]
    assert _mean_difference(_shown(data), np.asarray(_picture())) < 3


@pytest.mark.parametrize(("options", "is_lossless"), [({"lossless": True}, True), ({"quality": 80}, False)])
def test_webp_is_lossless_when_its_source_was(
    tmp_path: Path, options: dict[str, Any], is_lossless: bool
) -> None:
    document = read_image(_save(tmp_path / "a.webp", _picture(), **options))
    data = encode_image(document, document.editable(), ImageFormat.WEBP)
    assert (b"VP8L" in data) is is_lossless
    assert (_difference(_shown(data), document.rgb()) == 0) is is_lossless


def test_extension_of_the_output_chooses_the_format(tmp_path: Path) -> None:
    clear = _picture()
    clear.putalpha(0)
    document = read_image(_save(tmp_path / "a.png", clear))
    for suffix, format_ in ((".jpeg", "JPEG"), (".webp", "WEBP"), (".PNG", "PNG"), ("", "PNG")):
        output = tmp_path / f"out{suffix}"
        write_image(document, document.editable(), output)
        with Image.open(output) as written:
            assert written.format == format_
    assert _shown((tmp_path / "out.jpeg").read_bytes()).min() >= 250  # on white paper
    with pytest.raises(OutputError, match=r"choose \.jpg, \.png or \.webp"):
        write_image(document, document.editable(), tmp_path / "out.mp4")


def test_output_over_the_input_is_refused(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.png", _picture())
    before = path.read_bytes()
    document = read_image(path)
    (tmp_path / "link.png").symlink_to(path)
    for target in (path, tmp_path / "link.png"):
        with pytest.raises(OutputError, match="input"):
            write_image(document, document.editable(), target)
    assert path.read_bytes() == before


def test_output_in_a_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    document = read_image(_save(tmp_path / "a.png", _picture()))
    with pytest.raises(OutputError):
        write_image(document, document.editable(), tmp_path / "none" / "b.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png"]


def test_picture_too_wide_for_the_output_format_is_refused(tmp_path: Path) -> None:
    document = read_image(_save(tmp_path / "wide.png", Image.new("L", (16_400, 2))))
    with pytest.raises(OutputError, match="too many for WebP"):
        write_image(document, document.editable(), tmp_path / "wide.webp")


def _png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG_SIGNATURE + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(bytes(1000)))


def _jpeg_header(width: int, height: int) -> bytes:
    sof = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8"
        + _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
        + _segment(0xC0, sof)
        + b"\xff\xda"
    )


def _webp_header(width: int, height: int) -> bytes:
    canvas = b"\x00\x00\x00\x00" + (9).to_bytes(3, "little") * 2  # the canvas claims 10x10
    bits = struct.pack("<BI", 0x2F, (width - 1) | (height - 1) << 14)
    body = struct.pack("<4sI", b"VP8X", 10) + canvas + struct.pack("<4sI", b"VP8L", 5) + bits + b"\x00"
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@pytest.mark.parametrize("header", [_png_header, _jpeg_header, _webp_header])
def test_claimed_size_beyond_the_limit_is_refused_from_the_header(tmp_path: Path, header: Any) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(header(16_000, 16_000))
    with pytest.raises(MediaTooLargeError, match="16000x16000"):
        read_image(path)


@pytest.mark.parametrize("suffix", _PIXEL_SUFFIXES)
def test_picture_cut_off_anywhere_is_one_clear_error(tmp_path: Path, suffix: str) -> None:
    whole = _save(tmp_path / f"whole{suffix}", _picture(), quality=90).read_bytes()
    path = tmp_path / f"cut{suffix}"
    for share in (0.05, 0.1, 0.3, 0.6, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises((DamagedMediaError, UnsupportedMediaError)) as caught:
            read_image(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", _PIXEL_SUFFIXES)
def test_flipped_bytes_give_a_picture_or_a_clear_error(tmp_path: Path, suffix: str) -> None:
    whole = _save(tmp_path / f"whole{suffix}", _picture(), quality=90).read_bytes()
    path = tmp_path / f"flipped{suffix}"
    random = np.random.default_rng(3)
    outcomes = set()
    for _ in range(150):
        data = bytearray(whole)
        for at in random.integers(12, len(data), 4):
            data[at] = int(random.integers(256))
        path.write_bytes(data)
        try:
            document = read_image(path)
        except (DamagedMediaError, UnsupportedMediaError, MediaTooLargeError):
            outcomes.add("refused")
        else:
            encode_image(document, document.editable(), ImageFormat.PNG)
            outcomes.add("read")
    assert "refused" in outcomes


def test_animated_webp_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "moving.webp"
    _picture().save(path, save_all=True, append_images=[_picture().rotate(90)], duration=100)
    with pytest.raises(UnsupportedMediaError, match="animated"):
        read_image(path)


def test_animated_png_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "moving.png"
    _picture().save(path, save_all=True, append_images=[_picture().rotate(90)], duration=100)
    with pytest.raises(UnsupportedMediaError):
        read_image(path)


def test_document_gives_smaller_pictures_like_a_video_frame(tmp_path: Path) -> None:
    document = read_image(_save(tmp_path / "a.png", _picture()))
    assert document.rgb(Size(48, 32)).shape == (32, 48, 3)
    assert document.gray(Size(48, 32)).shape == (32, 48)
    assert document.gray().flags.c_contiguous
    assert document.rgb().flags.c_contiguous


def test_editing_the_copy_leaves_the_document_alone(tmp_path: Path) -> None:
    document = read_image(_save(tmp_path / "a.png", _picture()))
    before = document.rgb()
    _redact(document, (0, 0, 96, 64))
    assert (document.rgb() == before).all()


def test_output_that_exists_is_kept_where_overwriting_is_off(tmp_path: Path) -> None:
    document = read_image(_save(tmp_path / "a.png", _picture()))
    (tmp_path / "b.png").write_bytes(b"dear")
    with pytest.raises(OutputError, match="exists"):
        write_image(document, document.editable(), tmp_path / "b.png", overwrite=False)
    assert (tmp_path / "b.png").read_bytes() == b"dear"


def test_probe_tells_upright_size_and_suffix_without_decoding(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = _save(tmp_path / "a.JPEG", _picture(), exif=exif)
    path.write_bytes(path.read_bytes()[:-200])  # not decodable any more
    found = probe_image(path)
    assert found.upright_size == Size(64, 96)
    assert found.format.suffix_for(path) == ".JPEG"
    assert found.format.suffix_for(Path("photo.mp4")) == ".jpg"
    with pytest.raises(DamagedMediaError):
        read_image(path)
