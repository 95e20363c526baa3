"""Streams over HTTP: signed playlists, whose links to files live no longer than they do."""

import json
import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from efface.api.access import Permission
from efface.domain.service import Video, VideoState
from efface.media.streaming.manifest import AudioTrack, ByteRange, Fragment, StreamManifest, VideoTrack
from efface.usecases.object_keys import stream_key
from efface.usecases.reading import STREAM_FILE
from tests.fakes.api_in_process import ApiInProcess
from tests.storage.records import video as recorded

PICTURE = VideoTrack(
    "video.mp4", "avc1.640028", 12800, 0, ByteRange(0, 4), (Fragment(4, 6, 51200),), 640, 360, Fraction(25)
)
SOUND = AudioTrack("audio.mp4", "mp4a.40.2", 48000, 0, ByteRange(0, 3), (Fragment(3, 5, 192000),), 48000, 2)


def streamed(api: ApiInProcess, *, has_sound: bool = True, **changes: Any) -> Video:
    """A video with a copy for streaming."""
    video = replace(
        recorded(), account_id=api.account.account_id, state=VideoState.PROCESSED, has_stream=True, **changes
    )
    api.add_video(video)
    files = {"video.mp4": b"initpicture"[:10]} | ({"audio.mp4": b"inisound"} if has_sound else {})
    for name, content in files.items():
        api.objects.put_bytes(stream_key(video, f"1-{name}"), content)
    manifest = StreamManifest(PICTURE, SOUND if has_sound else None)
    document = {"manifest": manifest.to_document(), "files": {name: f"1-{name}" for name in files}}
    api.objects.put_bytes(stream_key(video, STREAM_FILE), json.dumps(document).encode())
    return video


def stream_of(api: ApiInProcess, video: Video, query: str = "") -> str:
    answer = api.call("GET", f"/Videos/{video.video_id}/streaming-url?{query}")
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"url", "jwt"}
    url: str = answer.json()["url"]
    return url


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "manifest.mpd"),
        ("urlFormat=&tokenLifetimeInMinutes=", "manifest.mpd"),
        ("URLFORMAT=%20mpeg_dash%20&useProxy=true", "manifest.mpd"),
        ("urlFormat=HLS_V4", "master.m3u8"),
        ("urlFormat=hls_v3", "master.m3u8"),
    ],
)
def test_streaming_url_leads_to_a_playlist_without_a_token(api: ApiInProcess, query: str, name: str) -> None:
    url = stream_of(api, streamed(api), query)
    assert url.endswith(f"/{name}")
    answer = api.get(url)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "no-store" in answer.headers["Cache-Control"]


def test_hls_leads_from_the_master_to_the_bytes_of_both_tracks(api: ApiInProcess) -> None:
    master = stream_of(api, streamed(api), "urlFormat=HLS_V4")
    text = api.get(master).text
    assert "#EXT-X-MEDIA:TYPE=AUDIO" in text
    for name, content in (("video.m3u8", b"initpictur"), ("audio.m3u8", b"inisound")):
        assert name in text
        playlist = api.get(master.replace("master.m3u8", name))
        assert playlist.headers["Content-Type"] == "application/vnd.apple.mpegurl"
        (file,) = set(re.findall(r"^(http\S+)$", playlist.text, re.MULTILINE))
        assert api.get(file).content == content
        part = api.get(file, headers={"Range": "bytes=0-2"})
        assert (part.status_code, part.content) == (206, content[:3])


def test_dash_names_the_files_of_both_tracks(api: ApiInProcess) -> None:
    answer = api.get(stream_of(api, streamed(api)))
    assert answer.headers["Content-Type"] == "application/dash+xml"
    files = re.findall(r"<BaseURL>([^<]+)</BaseURL>", answer.text)
    assert [api.get(file.replace("&amp;", "&")).content for file in files] == [b"initpictur", b"inisound"]


def test_silent_stream_has_no_sound(api: ApiInProcess) -> None:
    master = stream_of(api, streamed(api, has_sound=False), "urlFormat=HLS_V4")
    assert "audio" not in api.get(master).text
    assert api.get(master.replace("master.m3u8", "audio.m3u8")).status_code == 404
    assert api.get(master.replace("master.m3u8", "other.m3u8")).status_code == 404


def test_stream_and_its_files_end_when_was_asked_and_not_later(api: ApiInProcess) -> None:
    master = stream_of(api, streamed(api), "urlFormat=HLS_V4&tokenLifetimeInMinutes=10")
    playlist = master.replace("master.m3u8", "video.m3u8")
    api.clock.move(9 * 60)
    (file,) = set(re.findall(r"^(http\S+)$", api.get(playlist).text, re.MULTILINE))
    assert api.get(file).status_code == 200
    api.clock.move(61)
    for url in (master, playlist, file):
        assert api.get(url).status_code == 403


def test_stream_may_outlive_the_links_of_downloads(api: ApiInProcess) -> None:
    master = stream_of(api, streamed(api), "urlFormat=HLS_V4&tokenLifetimeInMinutes=43200")
    (file,) = set(re.findall(r"^(http\S+)$", api.get(master.replace("master", "video")).text, re.MULTILINE))
    api.clock.move(43199 * 60)
    assert api.get(file).status_code == 200


@pytest.mark.parametrize("minutes", ["0", "43201", "-5", "soon", "1.5"])
def test_lifetime_out_of_bounds_is_refused(api: ApiInProcess, minutes: str) -> None:
    path = f"/Videos/{streamed(api).video_id}/streaming-url?tokenLifetimeInMinutes={minutes}"
    answer = api.call("GET", path)
    assert (answer.status_code, answer.json()["ErrorType"]) == (400, "INVALID_INPUT")
    assert "tokenLifetimeInMinutes" in answer.json()["Message"]
    assert "43200" in answer.json()["Message"]


@pytest.mark.parametrize("word", ["SMOOTH_STREAMING_FORMAT", "smooth_streaming_format", "FLASH"])
def test_format_that_is_not_offered_is_refused_with_those_that_are(api: ApiInProcess, word: str) -> None:
    answer = api.call("GET", f"/Videos/{streamed(api).video_id}/streaming-url?urlFormat={word}")
    assert answer.status_code == 400
    assert "HLS_V4" in answer.json()["Message"]


def test_stream_of_a_video_that_was_deleted_is_gone(api: ApiInProcess) -> None:
    video = streamed(api)
    url = stream_of(api, video)
    assert api.call("DELETE", f"/Videos/{video.video_id}").status_code == 204
    assert api.get(url).status_code == 404


def test_altered_stream_is_refused(api: ApiInProcess) -> None:
    url = stream_of(api, streamed(api))
    token = url.split("/streams/")[1].split("/")[0]
    other = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    assert api.get(url.replace(token, other)).status_code == 403
    assert api.get(f"/files/{token}/video.mp4").status_code == 403


def test_reader_of_the_video_alone_may_stream_it(api: ApiInProcess) -> None:
    video = streamed(api)
    headers = api.authorized(permission=Permission.READER, video_id=video.video_id)
    assert api.get(f"{api.path}/Videos/{video.video_id}/streaming-url", headers=headers).status_code == 200


def test_browsers_of_other_hosts_are_let_in(api: ApiInProcess) -> None:
    answer = api.ask("OPTIONS", stream_of(api, streamed(api)))
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
