"""What the first bytes of a file look like: which demuxer reads it, or why efface does not.

FFmpeg's own probing also recognises scripts and playlists that make it open other files and addresses, so the
demuxer is chosen here, from a short list of containers that hold pictures in themselves.
"""

import re
from dataclasses import dataclass

HEAD_BYTES = 65536
"""How much of the start of a file is looked at."""


@dataclass(frozen=True, slots=True)
class VideoContainer:
    """A container that may hold moving pictures."""

    demuxer: str
    """FFmpeg's name of the demuxer."""
    title: str
    """Name for people."""


@dataclass(frozen=True, slots=True)
class StillImage:
    """A picture that efface edits."""

    title: str


@dataclass(frozen=True, slots=True)
class AudioOnly:
    """Sound without a picture."""

    title: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that efface does not open."""

    title: str
    """What it looks like, with an article: ``an HLS playlist``."""
    way_out: str
    """What to do instead."""


Finding = VideoContainer | StillImage | AudioOnly | Refused

_QUICKTIME = VideoContainer("mov,mp4,m4a,3gp,3g2,mj2", "MP4 or QuickTime")
_MATROSKA = VideoContainer("matroska,webm", "Matroska or WebM")
_TO_PNG = "convert it to JPEG, PNG or WebP first"
_GIVE_VIDEO = "give the video file itself"
_GIVE_MEDIA = "give a video or a JPEG, PNG or WebP picture"

_PREFIXES: tuple[tuple[bytes, Finding], ...] = (
    (b"\x1a\x45\xdf\xa3", _MATROSKA),
    (b"FLV\x01", VideoContainer("flv", "FLV")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", VideoContainer("asf", "ASF or WMV")),
    (b"OggS", VideoContainer("ogg", "Ogg")),
    (b"GIF87a", VideoContainer("gif", "GIF")),
    (b"GIF89a", VideoContainer("gif", "GIF")),
    (b"DKIF\x00\x00", VideoContainer("ivf", "IVF")),
    (b"YUV4MPEG2 ", VideoContainer("yuv4mpegpipe", "YUV4MPEG2")),
    (b".RMF\x00", VideoContainer("rm", "RealMedia")),
    (b"nut/multimedia container\x00", VideoContainer("nut", "NUT")),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02", VideoContainer("mxf", "MXF")),
    (b"\x00\x00\x00\x00\x01\xbc", VideoContainer("gxf", "GXF")),
    (b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d", VideoContainer("wtv", "WTV")),
    (b"\x1f\x07\x00\x3f", VideoContainer("dv", "DV")),
    (b"\x1f\x07\x00\xbf", VideoContainer("dv", "DV")),
    (b"\x12\x00\x0a", VideoContainer("obu", "AV1 stream")),
    (b"\x00\x00\x01\xba", VideoContainer("mpeg", "MPEG program stream")),
    (b"\x00\x00\x01\xb3", VideoContainer("mpegvideo", "MPEG-1/2 stream")),
    (b"\x00\x00\x01\xb0", VideoContainer("m4v", "MPEG-4 stream")),
    (b"\xff\xd8\xff", StillImage("JPEG")),
    (b"ID3", AudioOnly("MP3")),
    (b"fLaC", AudioOnly("FLAC")),
    (b"FORM", AudioOnly("AIFF")),
    (b"RF64", AudioOnly("WAV")),
    (b"#!AMR", AudioOnly("AMR")),
    (b"caff", AudioOnly("CAF")),
    (b"wvpk", AudioOnly("WavPack")),
    (b".snd", AudioOnly("AU")),
    (b"\x0b\x77", AudioOnly("AC-3")),
    (b"\x7f\xfe\x80\x01", AudioOnly("DTS")),
    (b"II*\x00", Refused("a TIFF or camera raw picture", _TO_PNG)),
    (b"MM\x00*", Refused("a TIFF or camera raw picture", _TO_PNG)),
    (b"BM", Refused("a BMP picture", _TO_PNG)),
    (b"8BPS", Refused("a Photoshop picture", _TO_PNG)),
    (b"\x00\x00\x00\x0cjP  ", Refused("a JPEG 2000 picture", _TO_PNG)),
    (b"\xff\x4f\xff\x51", Refused("a JPEG 2000 picture", _TO_PNG)),
    (b"\x00\x00\x00\x0cJXL ", Refused("a JPEG XL picture", _TO_PNG)),
    (b"\xff\x0a", Refused("a JPEG XL picture", _TO_PNG)),
    (b"\x76\x2f\x31\x01", Refused("an OpenEXR picture", _TO_PNG)),
    (b"%PDF", Refused("a PDF document", _GIVE_MEDIA)),
    (b"PK\x03\x04", Refused("a ZIP archive", "unpack it and give the video inside")),
    (b"Rar!", Refused("a RAR archive", "unpack it and give the video inside")),
    (b"7z\xbc\xaf\x27\x1c", Refused("a 7-Zip archive", "unpack it and give the video inside")),
    (b"\x1f\x8b", Refused("a gzip archive", "unpack it and give the video inside")),
)

_ISO_BOXES = frozenset(
    b"ftyp styp moov moof mdat free skip wide pnot udta sidx ssix prft uuid junk emsg".split()
)
_ISO_STILLS = {b"avif": "an AVIF", b"avis": "an AVIF"} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "a HEIC"
)

_TEXTS: tuple[tuple[str, Refused], ...] = (
    (r"#EXTM3U|#EXTINF", Refused("an HLS playlist", _GIVE_VIDEO)),
    (r"ffconcat\b", Refused("an ffconcat script", _GIVE_VIDEO)),
    (r"v=0\r?\n", Refused("an SDP description of a stream", _GIVE_VIDEO)),
    (r"\[playlist\]|\[Reference\]|<asx\b", Refused("a playlist", _GIVE_VIDEO)),
    (r"(<\?xml.{0,2000}?)?<MPD\b", Refused("a DASH manifest", _GIVE_VIDEO)),
    (r"(<\?xml.{0,2000}?)?<svg\b", Refused("an SVG drawing", _GIVE_MEDIA)),
    (r"<!doctype html|<html\b", Refused("an HTML page", "download the video again, this is a web page")),
    (r"<\?xml|<\w", Refused("an XML document", _GIVE_MEDIA)),
    (r"WEBVTT|\d+\r?\n\d\d:\d\d:\d\d", Refused("a subtitle file", _GIVE_VIDEO)),
)

_HEVC_STARTS = frozenset({0x40, 0x42, 0x44, 0x46, 0x4E})
"""First byte of a NAL unit of VPS, SPS, PPS, access unit delimiter and prefix SEI, on layer 0."""
_H264_STARTS = frozenset({1, 5, 6, 7, 8, 9})


def recognise(head: bytes) -> Finding | None:
    """What a file that starts with ``head`` (up to ``HEAD_BYTES``) is, None for bytes of no known kind."""
    for look in (_iso, _riff, _png, _prefix, _transport_stream, _annex_b, _mpeg_audio, _text):
        found = look(head)
        if found is not None:
            return found
    return None


def _iso(head: bytes) -> Finding | None:
    if head[4:8] not in _ISO_BOXES:
        return None
    title = _ISO_STILLS.get(head[8:12]) if head[4:8] == b"ftyp" else None
    return Refused(f"{title} picture", _TO_PNG) if title else _QUICKTIME


def _riff(head: bytes) -> Finding | None:
    if head[:4] != b"RIFF":
        return None
    form = head[8:12]
    if form in (b"AVI ", b"AVIX", b"AVI\x19"):
        return VideoContainer("avi", "AVI")
    if form == b"WEBP":
        is_animated = head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & 2)
        return (
            Refused("an animated WebP", "convert it to GIF or MP4 first")
            if is_animated
            else StillImage("WebP")
        )
    return AudioOnly("WAV") if form == b"WAVE" else None


def _png(head: bytes) -> Finding | None:
    if not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    control, pixels = head.find(b"acTL"), head.find(b"IDAT")
    is_animated = control > 0 and (pixels < 0 or control < pixels)
    return VideoContainer("apng", "animated PNG") if is_animated else StillImage("PNG")


def _prefix(head: bytes) -> Finding | None:
    return next((found for start, found in _PREFIXES if head.startswith(start)), None)


def _transport_stream(head: bytes) -> Finding | None:
    # 192: M2TS with a time code before each packet; 204: with error correction behind each.
    for length, offset in ((188, 0), (192, 4), (204, 0)):
        sync = head[offset : offset + 5 * length : length]
        if len(sync) >= 2 and set(sync) == {0x47}:
            return VideoContainer("mpegts", "MPEG transport stream")
    return None


def _annex_b(head: bytes) -> Finding | None:
    found = re.match(rb"\x00{2,3}\x01(..)", head, re.DOTALL)
    if found is None:
        return None
    first, second = found[1]
    if first in _HEVC_STARTS and second == 1:
        return VideoContainer("hevc", "HEVC stream")
    if first < 0x80 and first & 0x1F in _H264_STARTS:
        return VideoContainer("h264", "H.264 stream")
    if first < 0x20 and head[4:7] == b"\x00\x01\x20":
        return VideoContainer("m4v", "MPEG-4 stream")
    return None


def _mpeg_audio(head: bytes) -> Finding | None:
    # Frame sync, then layer and rate that are not the reserved ones.
    if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return AudioOnly("AAC")
    is_valid = (
        head[1] & 0x18 != 0x08 and head[1] & 0x06 != 0 and head[2] & 0xF0 != 0xF0 and head[2] & 0x0C != 0x0C
    )
    return AudioOnly("MP3") if is_valid else None


def _text(head: bytes) -> Finding | None:
    if b"\x00" in head[:1024] and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = head[:4096].decode(encoding, errors="replace").lstrip()
    for pattern, found in _TEXTS:
        if re.match(pattern, text, re.IGNORECASE | re.DOTALL):
            return found
    odd = sum(
        character == "\ufffd" or (ord(character) < 32 and character not in "\t\r\n\f") for character in text
    )
    # Old encodings leave some odd characters; random bytes leave more than half.
    return Refused("text", _GIVE_MEDIA) if text and odd <= len(text) // 10 else None
