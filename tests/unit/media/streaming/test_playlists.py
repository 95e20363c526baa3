"""Playlists say what the files hold, in the words of RFC 8216 and ISO/IEC 23009-1."""

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from efface.media.streaming.manifest import AudioTrack, ByteRange, Fragment, StreamManifest, VideoTrack
from efface.media.streaming.playlists import dash_mpd, hls_master, hls_media

_NAMESPACE = {"m": "urn:mpeg:dash:schema:mpd:2011"}
_AWKWARD_URL = 'https://host/a b/ü/video.mp4?sig=a%2Bb&x="1"<2>\n#EXT-X-ENDLIST'


def _video(*durations: int, start: int = 1000, sizes: tuple[int, ...] = ()) -> VideoTrack:
    fragments, offset = [], 700
    for duration, size in zip(durations, sizes or [5000] * len(durations), strict=True):
        fragments.append(Fragment(offset, size, duration))
        offset += size
    return VideoTrack(
        "video.mp4",
        "avc1.64001f",
        12_800,
        start,
        ByteRange(0, 700),
        tuple(fragments),
        width=1280,
        height=720,
        frame_rate=Fraction(30_000, 1001),
    )


def _audio() -> AudioTrack:
    fragments = (Fragment(600, 64_000, 48_000 * 4), Fragment(64_600, 16_000, 48_000))
    return AudioTrack(
        "audio.mp4", "mp4a.40.2", 48_000, 3750, ByteRange(0, 600), fragments, sample_rate=48_000, channels=2
    )


def _tags(text: str) -> list[tuple[str, str]]:
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U"
    return [(line.partition(":")[0], line.partition(":")[2]) for line in lines if line.startswith("#")]


def test_hls_media_lists_ranges_that_cover_the_file_and_times_that_sum_up() -> None:
    track = _video(51_200, 51_200, 12_801)
    text = hls_media(track, "video.mp4")
    tags = _tags(text)
    named = dict(tags)
    assert named["#EXT-X-VERSION"] == "7"
    assert named["#EXT-X-MAP"] == 'URI="video.mp4",BYTERANGE="700@0"'
    assert named["#EXT-X-PLAYLIST-TYPE"] == "VOD"
    assert "#EXT-X-INDEPENDENT-SEGMENTS" in named
    assert tags[-1][0] == "#EXT-X-ENDLIST"
    ranges = [tuple(map(int, value.split("@"))) for name, value in tags if name == "#EXT-X-BYTERANGE"]
    assert ranges == [(5000, 700), (5000, 5700), (5000, 10_700)]
    lengths = [float(value.rstrip(",")) for name, value in tags if name == "#EXTINF"]
    assert sum(lengths) == pytest.approx(float(track.duration), abs=1e-5)
    assert max(round(length) for length in lengths) <= int(named["#EXT-X-TARGETDURATION"]) == 4
    assert [line for line in text.splitlines() if not line.startswith("#")] == ["video.mp4"] * 3


def test_hls_master_names_both_tracks_and_what_they_need() -> None:
    manifest = StreamManifest(_video(51_200), _audio())
    lines = hls_master(manifest, "v.m3u8?a=1&b=2", "a.m3u8").splitlines()
    assert lines[-1] == "v.m3u8?a=1&b=2"
    media = next(line for line in lines if line.startswith("#EXT-X-MEDIA:"))
    assert 'TYPE=AUDIO,GROUP-ID="sound"' in media
    assert 'URI="a.m3u8"' in media
    variant = lines[-2]
    assert 'CODECS="avc1.64001f,mp4a.40.2"' in variant
    assert "RESOLUTION=1280x720,FRAME-RATE=29.970" in variant
    assert 'AUDIO="sound"' in variant
    peak = manifest.video.peak_bandwidth + (manifest.audio.peak_bandwidth if manifest.audio else 0)
    assert f"BANDWIDTH={peak},AVERAGE-BANDWIDTH=" in variant


def test_hls_master_without_sound_names_none() -> None:
    text = hls_master(StreamManifest(_video(51_200)), "v.m3u8", None)
    assert "EXT-X-MEDIA:" not in text
    assert "AUDIO=" not in text
    with pytest.raises(ValueError, match="needs a URL"):
        hls_master(StreamManifest(_video(51_200), _audio()), "v.m3u8", None)


def test_dash_lists_ranges_and_times_of_every_fragment() -> None:
    manifest = StreamManifest(_video(51_200, 51_200, 12_801), _audio())
    root = ElementTree.fromstring(dash_mpd(manifest, "v.mp4", "a.mp4"))
    assert root.tag == f"{{{_NAMESPACE['m']}}}MPD"
    assert root.attrib["profiles"] == "urn:mpeg:dash:profile:isoff-main:2011"
    assert root.attrib["type"] == "static"
    assert _seconds(root.attrib["mediaPresentationDuration"]) == pytest.approx(manifest.duration_s, abs=1e-5)
    assert _seconds(root.attrib["minBufferTime"]) >= 4
    for track, url in zip(manifest.tracks, ("v.mp4", "a.mp4"), strict=True):
        kind = track.file_name.removesuffix(".mp4")
        found = root.find(f".//m:AdaptationSet[@mimeType='{kind}/mp4']/m:Representation", _NAMESPACE)
        assert found is not None
        assert found.attrib["codecs"] == track.codecs
        assert found.findtext("m:BaseURL", None, _NAMESPACE) == url
        segments = found.find("m:SegmentList", _NAMESPACE)
        assert segments is not None
        assert _media_times(segments) == list(_expected_times(track))
        ranges = [each.attrib["mediaRange"] for each in segments.findall("m:SegmentURL", _NAMESPACE)]
        initial = segments.find("m:Initialization", _NAMESPACE)
        assert initial is not None
        spans = [tuple(map(int, each.split("-"))) for each in (initial.attrib["range"], *ranges)]
        assert spans[0][0] == 0
        assert all(after[0] == before[1] + 1 for before, after in pairwise(spans))
        assert spans[-1][1] == track.num_bytes - 1


def test_dash_shows_the_earliest_track_at_the_start_of_the_period() -> None:
    manifest = StreamManifest(_video(51_200, start=1000), _audio())
    root = ElementTree.fromstring(dash_mpd(manifest, "v.mp4", "a.mp4"))
    found = [each.attrib for each in root.iter(f"{{{_NAMESPACE['m']}}}SegmentList")]
    offsets = [Fraction(int(each["presentationTimeOffset"]), int(each["timescale"])) for each in found]
    assert offsets == [manifest.start_s] * 2


def test_urls_cannot_break_out_of_a_playlist() -> None:
    manifest = StreamManifest(_video(51_200), _audio())
    for text in (hls_media(manifest.video, _AWKWARD_URL), hls_master(manifest, _AWKWARD_URL, _AWKWARD_URL)):
        assert text.count("#EXT-X-ENDLIST") == ("#EXTINF" in text)
        quoted = re.findall(r'URI="([^"]*)"', text)
        assert quoted
        assert all("%22" in uri and "%0A" in uri and "a%2Bb&x=" in uri for uri in quoted)
    root = ElementTree.fromstring(dash_mpd(manifest, _AWKWARD_URL, "a.mp4"))
    url = root.findtext(".//m:BaseURL", "", _NAMESPACE)
    assert "sig=a%2Bb&x=%221%22%3C2%3E%0A" in url


def test_peak_leaves_out_a_short_last_fragment_but_average_does_not() -> None:
    track = _video(51_200, 51_200, 512, sizes=(100_000, 200_000, 60_000))
    # The second alone: 200,000 bytes in 4 s; with the last one 260,000 in 4.04 s.
    assert track.peak_bandwidth == -(-260_000 * 8 * 12_800 // 51_712)
    assert track.average_bandwidth == -(-360_000 * 8 * 12_800 // 102_912)


@pytest.mark.parametrize("num_tracks", [0, 1])
def test_playlists_of_a_real_stream_fit_its_files(
    clips: Any, stream: Callable[..., Any], num_tracks: int
) -> None:
    source = clips.make(
        "a.mp4", pts=tuple(range(300)), audio_tracks=num_tracks, options={"g": "50", "bf": "2"}
    )
    made = stream(source)
    assert made.manifest.duration_s == pytest.approx(12, abs=0.1)
    for track in made.manifest.tracks:
        tags = _tags(hls_media(track, track.file_name))
        data = made.bytes_of(track)
        for name, value in tags:
            if name == "#EXT-X-BYTERANGE":
                length, offset = map(int, value.split("@"))
                assert data[offset + 4 : offset + 8] == b"moof"
                assert offset + length <= len(data)
        assert sum(float(value.rstrip(",")) for name, value in tags if name == "#EXTINF") == pytest.approx(
            float(track.duration), abs=0.001
        )
    ElementTree.fromstring(dash_mpd(made.manifest, "video.mp4", "audio.mp4"))


def _seconds(duration: str) -> float:
    found = re.fullmatch(r"PT(\d+\.\d+)S", duration)
    assert found
    return float(found[1])


def _media_times(segments: ElementTree.Element) -> list[tuple[int, int]]:
    """Start and duration of each segment as its time line says."""
    found: list[tuple[int, int]] = []
    at = 0
    for each in segments.findall("m:SegmentTimeline/m:S", _NAMESPACE):
        at = int(each.attrib.get("t", at))
        for _ in range(int(each.attrib.get("r", 0)) + 1):
            found.append((at, int(each.attrib["d"])))
            at += int(each.attrib["d"])
    return found


def _expected_times(track: Any) -> list[tuple[int, int]]:
    at, found = track.start, []
    for fragment in track.fragments:
        found.append((at, fragment.duration))
        at += fragment.duration
    return found
