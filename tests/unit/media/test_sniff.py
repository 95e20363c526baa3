"""What a file is, by its first bytes alone."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from efface.domain.errors import MediaNotFoundError, NoVideoError, UnsupportedMediaError
from efface.domain.media import MediaKind
from efface.media.probe import probe_video
from efface.media.sniff import sniff, sniff_container

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(17)


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (b"\x00\x00\x00\x20ftypisom", "mov"),
        (b"\x00\x00\x00\x14ftypqt  ", "mov"),
        (b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat", "mov"),
        (b"\x00\x00\x01\x4cmoof\x00\x00", "mov"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86", "matroska"),
        (b"RIFF\x02\x10\x0f\x00AVI LIST", "avi"),
        (b"FLV\x01\x05\x00", "flv"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "asf"),
        (b"OggS\x00\x02", "ogg"),
        (b"GIF89a\x64\x00", "gif"),
        ((b"\x47" + bytes(187)) * 6, "mpegts"),
        (b"\x00\x00\x00\x01" + (b"\x47" + bytes(191)) * 6, "mpegts"),
        (b"\x00\x00\x01\xba\x44\x00", "mpeg"),
        (b"\x00\x00\x01\xb3\x14\x00", "mpegvideo"),
        (b"\x00\x00\x00\x01\x67\x64\x00", "h264"),
        (b"\x00\x00\x01\x06\x05\xff", "h264"),
        (b"\x00\x00\x00\x01\x40\x01\x0c", "hevc"),
        (b"\x00\x00\x00\x01\x46\x01\x10", "hevc"),
        (b"DKIF\x00\x00\x20\x00", "ivf"),
        (b"YUV4MPEG2 W64 H48", "yuv4mpegpipe"),
        (b"\x12\x00\x0a\x0a", "obu"),
        (PNG + b"\x00\x00\x00\x08acTL" + bytes(12) + b"IDAT", "apng"),
    ],
)
@pytest.mark.parametrize("name", ["clip.mp4", "clip.jpg", "clip"])
def test_containers_are_known_by_content_whatever_the_name(
    tmp_path: Path, head: bytes, demuxer: str, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(head)
    assert sniff(path) is MediaKind.VIDEO
    assert sniff_container(path).demuxer.split(",")[0] == demuxer


@pytest.mark.parametrize(
    "head",
    [b"\xff\xd8\xff\xe0\x00\x10JFIF", PNG + b"IDAT", b"RIFF\x00\x01\x00\x00WEBPVP8 ", PNG + b"IDATacTL"],
)
def test_stills_are_images_even_when_named_like_videos(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(head)
    assert sniff(path) is MediaKind.IMAGE
    with pytest.raises(UnsupportedMediaError, match="picture, not a video: give a video"):
        sniff_container(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:5\nhttp://127.0.0.1/a.ts\n", "HLS playlist"),
        (b"\xef\xbb\xbf#EXTM3U\n", "HLS playlist"),
        (b"\n  #EXTM3U\n", "HLS playlist"),
        (b"ffconcat version 1.0\nfile other.mp4\n", "ffconcat script"),
        (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n", "SDP"),
        (b"[playlist]\nFile1=http://127.0.0.1/\n", "playlist"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<MPD xmlns="urn:mpeg:dash">', "DASH manifest"),
        (b"<MPD>", "DASH manifest"),
        (b'<?xml version="1.0"?><SmoothStreamingMedia>', "XML document"),
        ("<?xml version='1.0'?><x/>".encode("utf-16"), "XML document"),
        (b"<!DOCTYPE html><html>", "HTML page"),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', "SVG drawing"),
        (b"WEBVTT\n\n00:00", "subtitle file"),
        (b"hello world, this is no video\n", "text"),
        ("caf\u00e9 au lait, s'il vous pla\u00eet, et un croissant".encode("latin-1"), "text"),
        (b"\x00\x00\x00\x20ftypavif", "AVIF"),
        (b"\x00\x00\x00\x20ftypheic", "HEIC"),
        (b"II*\x00\x08\x00", "TIFF"),
        (b"BM\x36\x00", "BMP"),
        (b"RIFF\x00\x01\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00", "animated WebP"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP"),
        (b"", "empty"),
        (bytes(5000), "zero bytes"),
        (b"\xd7\xa5\x6d\x3c\xfc\xf9\xa4\x4d\xc7" * 9 + b"\x00\x00\x00\x20ftypisom", "81 bytes in"),
        (bytes(range(130, 250)), "does not start like"),
    ],
)
def test_everything_else_is_refused_by_name(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(UnsupportedMediaError, match=what) as refusal:
        sniff(path)
    message = str(refusal.value)
    assert str(path) in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "head",
    [b"ID3\x04\x00", b"fLaC\x00", b"RIFF\x00\x01\x00\x00WAVEfmt ", b"\xff\xfb\x90\x64", b"\xff\xf1\x50\x80"],
)
def test_sound_files_have_no_video(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(head)
    with pytest.raises(NoVideoError, match="sound file"):
        sniff(path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFoundError, match=r"gone\.mp4 does not exist"):
        sniff(tmp_path / "gone.mp4")
    with pytest.raises(MediaNotFoundError, match="is a folder"):
        sniff(tmp_path)
    with pytest.raises(MediaNotFoundError):
        sniff(tmp_path / "nul\0byte.mp4")


def test_pipes_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", Path("/dev/zero")):
        with pytest.raises(UnsupportedMediaError, match="pipe or a device"):
            sniff(path)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server on the loopback interface that must never be called."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize(
    "template",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/a.mp4'\n",
        "<?xml version='1.0'?><MPD><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>",
    ],
)
def test_no_connection_is_made_for_a_playlist(tmp_path: Path, listener: socket.socket, template: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text(template.format(port=listener.getsockname()[1]))
    with pytest.raises(UnsupportedMediaError):
        probe_video(path)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_an_address_is_taken_for_a_missing_file(listener: socket.socket) -> None:
    with pytest.raises(MediaNotFoundError):
        probe_video(Path(f"http://127.0.0.1:{listener.getsockname()[1]}/a.mp4"))
    with pytest.raises(BlockingIOError):
        listener.accept()
