"""Real clips through the whole pipeline: what is masked is what the index says, and all else stays."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import efface
from efface.domain.track import FaceTrack
from efface.index.model import FaceIndex
from efface.media.frame import VideoFrame
from efface.media.probe import probe_video
from efface.media.reader import open_video

pytestmark = [pytest.mark.slow, pytest.mark.weights]


@dataclass(frozen=True)
class _Clip:
    path: str
    """Below ../shared/media."""
    codec: str
    """Of the output."""
    pixel_format: str
    """Of the output, read back."""
    num_packets: int
    """Of sound and subtitles, all tracks together."""
    least_psnr_db: float = 34
    """Far from any face, in the median of the frames."""


_CLIPS = [
    _Clip("faces_video/iphone_hevc_rotated_60fps.MOV", "hevc", "yuv420p", 50),
    _Clip("faces_video/face_then_cartoon_hevc_vfr.mov", "hevc", "yuv420p", 172),
    _Clip("faces_video/hands_wave_vp9.webm", "vp9", "yuv420p", 0),
    _Clip("faces_video/carphone_qcif.mp4", "h264", "yuv420p", 0),
    _Clip("faces_video/grid_bbaf2n.mpg", "h264", "yuv420p", 114),
    _Clip("faces_video/asl_thanks.mkv", "h264", "yuvj420p", 0),
    _Clip("faces_video/two_people_head_pose.gif", "h264", "yuv420p", 0, least_psnr_db=29),
    _Clip("faces_video/selfie_two_faces_tilt.mp4", "h264", "yuv420p", 131),
    _Clip("awkward/derived/hevc_10bit.mp4", "hevc", "yuv420p10le", 0),
    _Clip("awkward/derived/prores_422.mov", "h264", "yuv422p10le", 0),
    _Clip("awkward/derived/odd_dimensions_641x361_yuv444.mp4", "h264", "yuv444p", 0),
    _Clip("awkward/derived/mirror_matrix.mp4", "h264", "yuv420p", 0),
    _Clip("awkward/derived/rotation_270.mp4", "h264", "yuv420p", 0),
    _Clip("awkward/derived/phone_style_rotated_storage.mp4", "h264", "yuv420p", 0),
]


@dataclass
class _Seen:
    times: list[Fraction]
    grays: list[NDArray[np.uint8]]
    """Upright luma of each frame, 8 bit."""


def _see(path: Path) -> _Seen:
    with open_video(path) as reader:
        seen, size = _Seen([], []), reader.info.upright_size
        for frame in reader.items():
            if isinstance(frame, VideoFrame):
                assert frame.pts is not None
                seen.times.append(frame.pts * reader.info.time_base)
                seen.grays.append(frame.gray(size))
        return seen


def _packets(path: Path) -> list[tuple[str, list[tuple[Fraction, bytes]]]]:
    with av.open(str(path)) as container:
        tracks = [track for track in container.streams if track.type in {"audio", "subtitle"}]
        packets: dict[int, list[tuple[Fraction, bytes]]] = {track.index: [] for track in tracks}
        for packet in container.demux(tracks) if tracks else ():
            if packet.size:
                assert packet.pts is not None
                assert packet.time_base is not None
                packets[packet.stream_index].append((packet.pts * packet.time_base, bytes(packet)))
        return [(track.type, packets[track.index]) for track in tracks]


def _boxes(tracks: tuple[FaceTrack, ...], frame_index: int) -> list[NDArray[np.floating]]:
    boxes = (track.box_at(frame_index) for track in tracks)
    return [np.asarray(box) for box in boxes if box is not None]


def _core(gray: NDArray[np.uint8], box: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The middle of a face, half as wide and high; empty where it lies outside the frame."""
    x1, y1, x2, y2 = box
    inset_x, inset_y = (x2 - x1) / 4, (y2 - y1) / 4
    left, right = max(0, round(x1 + inset_x)), max(0, round(x2 - inset_x))
    top, bottom = max(0, round(y1 + inset_y)), max(0, round(y2 - inset_y))
    return gray[top:bottom, left:right]


def _outside(shape: tuple[int, ...], boxes: list[NDArray[np.floating]]) -> NDArray[np.bool_]:
    """Pixels that no mask may reach: a face's own size away from it, in the video's upright frame."""
    far = np.ones(shape, bool)
    for x1, y1, x2, y2 in boxes:
        width, height = x2 - x1, y2 - y1
        top, left = max(0, int(y1 - height)), max(0, int(x1 - width))
        far[top : int(y2 + height) + 1, left : int(x2 + width) + 1] = False
    return far


@pytest.mark.parametrize("clip", _CLIPS, ids=lambda clip: Path(clip.path).stem)
def test_faces_of_the_index_are_black_and_all_else_is_as_it_was(
    shared: Path, tmp_path: Path, clip: _Clip
) -> None:
    source = shared / "media" / clip.path
    found = efface.index(source)
    index: FaceIndex = found.index
    output = efface.redact(
        source, tmp_path / f"out{_suffix(source)}", kind="Black", index=found, settings=_QUICK
    ).output
    before, after = _see(source), _see(output)

    assert len(after.grays) == index.timeline.num_frames == len(before.grays)
    assert after.times == before.times
    num_faces, psnrs = 0, []
    for i, (old, new) in enumerate(zip(before.grays, after.grays, strict=True)):
        assert new.shape == old.shape
        boxes = _boxes(index.tracks, i)
        for box in boxes:
            core = _core(new, box)
            assert core.size == 0 or core.max() < 40, f"frame {i} shows a face at {box}"
            num_faces += 1
        far = _outside(old.shape, boxes)
        if far.mean() > 0.05:
            psnrs.append(_psnr_db(old[far], new[far]))
    assert num_faces > 4
    assert not psnrs or np.median(psnrs) > clip.least_psnr_db
    _check_form(source, output, clip)


_QUICK = efface.EncodeSettings(preset="veryfast")


def _suffix(source: Path) -> str:
    kept = {".mp4", ".mov", ".mkv", ".webm"}
    return source.suffix.lower() if source.suffix.lower() in kept else ".mp4"


def _psnr_db(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    error = float(np.square(a.astype(np.float32) - b).mean())
    return float(10 * np.log10(255**2 / max(error, 1e-6)))


def _check_form(source: Path, output: Path, clip: _Clip) -> None:
    old, new = probe_video(source), probe_video(output)
    assert (new.codec, new.pixel_format) == (clip.codec, clip.pixel_format)
    assert new.upright_size == old.upright_size
    assert new.orientation == old.orientation
    assert new.sample_aspect_ratio == old.sample_aspect_ratio
    tags = {tag: name for tag, name in old.color if (tag, name) != ("range", "tv")}
    assert tags.items() <= dict(new.color).items()
    packets, copied = _packets(source), _packets(output)
    assert [(kind, [data for _, data in track]) for kind, track in copied] == [
        (kind, [data for _, data in track]) for kind, track in packets
    ]
    assert sum(len(track) for _, track in packets) == clip.num_packets
    for (_, track), (_, copy) in zip(packets, copied, strict=True):
        # Each container counts in ticks of its own.
        assert all(abs(a - b) < Fraction(1, 2000) for (a, _), (b, _) in zip(track, copy, strict=True))
