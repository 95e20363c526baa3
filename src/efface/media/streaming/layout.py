"""Reads a written fragmented MP4 back: codec, size, and where each fragment lies."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from efface.media.streaming.boxes import Box, SampleRun, read_sample_run, scan_boxes
from efface.media.streaming.manifest import AudioTrack, ByteRange, VideoTrack, join_fragments

_SAMPLE_ENTRIES_AT = 8
"""Version, flags and count come before the entries of a sample description box."""
_VISUAL_FIELDS_BYTES = 78
_AUDIO_FIELDS_BYTES = 28
_MAX_RATE_DENOMINATOR = 1001
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
"""Samples per second by the index of ISO/IEC 14496-3."""


@dataclass(frozen=True, slots=True)
class _Layout:
    entry: Box
    """The sample entry, ``avc1`` or ``mp4a``."""
    shared: dict[str, Any]
    """The fields of a ``StreamTrack``."""
    runs: tuple[SampleRun, ...]


def read_video_track(path: Path, file_name: str) -> VideoTrack:
    """Describe a written file that holds a picture.

    Args:
        path: where the file is now.
        file_name: what the manifest calls it.

    Raises:
        ValueError: the file is no fragmented MP4 with one H.264 track whose fragments start at key frames.
    """
    found = _read(path, file_name, "avc1")
    width, height = struct.unpack_from(">HH", found.entry.payload, 24)
    profile, compatibility, level = _box_in(found.entry, _VISUAL_FIELDS_BYTES, "avcC").payload[1:4]
    num_samples = sum(run.num_samples for run in found.runs)
    ticks = sum(run.decode_end - run.decode_start for run in found.runs)
    rate = Fraction(num_samples * found.shared["timescale"], ticks)
    return VideoTrack(
        **found.shared,
        codecs=f"avc1.{profile:02x}{compatibility:02x}{level:02x}",
        width=width,
        height=height,
        frame_rate=rate.limit_denominator(_MAX_RATE_DENOMINATOR) or rate,
    )


def read_audio_track(path: Path, file_name: str) -> AudioTrack:
    """Describe a written file that holds sound.

    Args:
        path: where the file is now.
        file_name: what the manifest calls it.

    Raises:
        ValueError: the file is no fragmented MP4 with one AAC track.
    """
    found = _read(path, file_name, "mp4a")
    (channels,) = struct.unpack_from(">H", found.entry.payload, 16)
    config = _audio_specific_config(_box_in(found.entry, _AUDIO_FIELDS_BYTES, "esds").payload)
    return AudioTrack(
        **found.shared,
        codecs=f"mp4a.40.{config[0] >> 3}",
        # The field beside the channels has no room for more than 65535.
        sample_rate=_AAC_RATES[(config[0] & 7) << 1 | config[1] >> 7],
        channels=channels,
    )


def _read(path: Path, file_name: str, entry_kind: str) -> _Layout:
    with path.open("rb") as file:
        boxes = list(scan_boxes(file, path.stat().st_size, skipped={"mdat"}))
    kinds = [box.kind for box in boxes]
    if kinds[:2] != ["ftyp", "moov"] or kinds[2:] != ["moof", "mdat"] * (len(kinds) // 2 - 1):
        raise ValueError(f"{file_name} is not an initialisation part and fragments")
    media = boxes[1].child("trak", "mdia")
    header = media.child("mdhd").payload
    (timescale,) = struct.unpack_from(">I", header, 20 if header[0] else 12)
    runs = tuple(read_sample_run(moof) for moof in boxes[2::2])
    if not runs or not all(run.is_random_access for run in runs):
        raise ValueError(f"{file_name} has a fragment that does not start at a key frame")
    ranges = [
        ByteRange(moof.offset, mdat.end - moof.offset)
        for moof, mdat in zip(boxes[2::2], boxes[3::2], strict=True)
    ]
    shared = {
        "file_name": file_name,
        "timescale": timescale,
        "start": runs[0].start,
        "init": ByteRange(0, boxes[1].end),
        "fragments": join_fragments(ranges, [run.start for run in runs], max(run.end for run in runs)),
    }
    description = media.child("minf", "stbl", "stsd")
    return _Layout(_entry(description, entry_kind), shared, runs)


def _entry(description: Box, kind: str) -> Box:
    found = next(description.children(_SAMPLE_ENTRIES_AT), None)
    if found is None or found.kind != kind:
        raise ValueError(f"the track is of kind {found.kind if found else 'none'}, not {kind}")
    return found


def _box_in(entry: Box, skip: int, kind: str) -> Box:
    found = next((box for box in entry.children(skip) if box.kind == kind), None)
    if found is None:
        raise ValueError(f"sample entry {entry.kind} holds no {kind}")
    return found


def _audio_specific_config(esds: memoryview) -> memoryview:
    """The decoder's configuration out of nested descriptors (ISO/IEC 14496-1): tag, length, fields."""
    at, end = 4, len(esds)
    # Tags 3 (stream, 3 bytes of fields) and 4 (decoder, 13 bytes) hold tag 5, which is what is wanted.
    fields = {3: 3, 4: 13}
    while at < end:
        tag, length = esds[at], 0
        at += 1
        while at < end:
            byte = esds[at]
            at += 1
            length = length << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        if tag == 5 and length >= 2:
            return esds[at : at + length]
        at += fields.get(tag, length)
    raise ValueError("the sound's sample entry holds no decoder configuration")
