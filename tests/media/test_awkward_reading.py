"""Every file of the awkward collection is read to its known frame count, or refused by one clear error."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.media

MAX_SECONDS = 60
MAX_RSS_KB = 2 << 20

# Reads files one after the other, in a process of its own so that a crash, a hang or hunger is seen as such.
READ_ALL = """
import json, resource, sys, time
from pathlib import Path
from efface.domain.errors import EffaceError
from efface.media.reader import VideoFrame, open_video

for name in sys.argv[2:]:
    start, said = time.monotonic(), {"file": name, "frames": 0, "sizes": [], "order": True}
    try:
        with open_video(Path(sys.argv[1], name)) as video:
            size, last = video.info.upright_size, None
            for item in video.items():
                if not isinstance(item, VideoFrame):
                    continue
                said["frames"] += 1
                assert item.gray(size).shape == (size.height, size.width)
                said["order"] &= item.pts is None or last is None or item.pts > last
                last = item.pts if item.pts is not None else last
            assert item.rgb().shape if said["frames"] else True
            said["sizes"] = [video.info.coded_size.width, video.info.coded_size.height]
            said["damage"] = video.damage.bad_packets
    except EffaceError as error:
        said["error"], said["message"] = error.error_type, str(error)
    said["seconds"] = time.monotonic() - start
    said["rss_kb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(said), flush=True)
"""

REFUSALS = {
    "real/ax_sample_fragmented_sideloaded_track.mp4": "DamagedMediaError",
    "real/ax_sample_fragmented_clearkey.mp4": "UnsupportedMediaError",
    "real/ax_subsample_encrypted_altref.webm": "UnsupportedMediaError",
    "real/mp4parse_short-cenc.mp4": "UnsupportedMediaError",
    "real/mp_result.webm": "UnsupportedMediaError",
    "real/img_image.avif": "UnsupportedMediaError",
    "real/img_gradient_8bit.tif": "UnsupportedMediaError",
    "derived/html_named.mp4": "UnsupportedMediaError",
    "derived/text_named.mov": "UnsupportedMediaError",
    "derived/hls_playlist_named.mp4": "UnsupportedMediaError",
    "derived/ffconcat_named.mp4": "UnsupportedMediaError",
    "derived/ffconcat_relative_named.mp4": "UnsupportedMediaError",
    "derived/sdp_named.mp4": "UnsupportedMediaError",
    "derived/m3u8_local_relative.m3u8": "UnsupportedMediaError",
    "derived/leading_garbage.mp4": "UnsupportedMediaError",
    "derived/random_bytes.mp4": "UnsupportedMediaError",
    "derived/jpeg_named.mp4": "UnsupportedMediaError",
    "derived/stsz_claims_2_billion_samples.mp4": "DamagedMediaError",
    "derived/truncated_no_moov.mp4": "DamagedMediaError",
    "derived/audio_only_named.mp4": "NoVideoError",
    "real/ax_sample_with_dts.mkv": "NoVideoError",
}
"""Files of which the manifest's own tool followed a script, took a still for a video, or said less."""


@pytest.fixture(scope="module")
def manifest(shared: Path) -> dict[str, dict[str, str]]:
    with (shared / "media/awkward/manifest.csv").open(newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def readings(shared: Path, manifest: Mapping[str, object]) -> dict[str, dict[str, object]]:
    folder = shared / "media/awkward"
    command = [sys.executable, "-W", "error", "-c", READ_ALL, str(folder), *manifest]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"died after {said[-1:]}: {done.stderr[-2000:]}"
    return {reading["file"]: reading for reading in said}


def test_every_file_is_read_in_time_and_memory(
    manifest: Mapping[str, object], readings: Mapping[str, dict[str, float]]
) -> None:
    assert set(readings) == set(manifest)
    assert {name: r["seconds"] for name, r in readings.items() if r["seconds"] > MAX_SECONDS} == {}
    assert max(reading["rss_kb"] for reading in readings.values()) < MAX_RSS_KB


def test_frame_counts_are_those_of_the_manifest(
    manifest: Mapping[str, dict[str, str]], readings: Mapping[str, dict[str, object]]
) -> None:
    expected = {
        name: int(row["frames"])
        for name, row in manifest.items()
        if row["frames"] not in {"", "0"} and name not in REFUSALS
    }
    assert len(expected) > 90
    assert {name: readings[name]["frames"] for name in expected} == expected
    assert [name for name in expected if "error" in readings[name]] == []


def test_time_stamps_increase_and_damage_is_reported(readings: Mapping[str, dict[str, object]]) -> None:
    # The time stamps of this one are wrong in the file: 146 ms is followed by 133 ms.
    assert [name for name, reading in readings.items() if not reading["order"]] == ["real/ae_h264-png.mkv"]
    damaged = {name: reading["damage"] for name, reading in readings.items() if reading.get("damage")}
    assert damaged == {
        "real/ax_sample_with_invalid_nalu.mp4": 1,
        "derived/truncated_faststart_60pct.mp4": 1,
        "derived/zeroed_block_in_mdat.mp4": 8,
    }


def test_all_other_files_are_refused_by_one_clear_error(
    shared: Path, manifest: Mapping[str, dict[str, str]], readings: Mapping[str, dict[str, object]]
) -> None:
    refused = {name: reading for name, reading in readings.items() if "error" in reading}
    assert {name: refused[name]["error"] for name in REFUSALS} == REFUSALS
    unreadable = {name for name, row in manifest.items() if row["frames"] in {"", "0"}}
    assert set(refused) == unreadable | {name for name in REFUSALS if name in refused}
    for name, reading in refused.items():
        message = str(reading["message"])
        assert str(shared / "media/awkward" / name) in message
        assert "\n" not in message
    for name in refused:
        if "clearkey" in name or "cenc" in name or "encrypted" in name:
            assert "encrypted" in str(refused[name]["message"])


def test_the_first_size_holds_where_the_stream_changes_it(readings: Mapping[str, dict[str, object]]) -> None:
    assert readings["derived/resolution_change.h264"]["sizes"] == [640, 360]
    assert readings["derived/header_claims_65535x65535.mp4"]["sizes"] == [640, 360]
