"""When the frames of a video are shown and where decoding can begin, told by its packets without decoding them."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av.error
import numpy as np
from numpy.typing import NDArray

from efface.media.probe import probe_video
from efface.media.seeking import TRUSTED_CONTAINERS
from efface.media.source import open_container, read_packets


@dataclass(frozen=True, slots=True, eq=False)
class PacketScan:
    """What the packets of the picture track promise. A decoder may still give less, so compare."""

    pts: NDArray[np.int64]
    """(n,) sorted PTS of the packets whose frames are shown, in ticks of the track's time base."""
    keyframe_pts: NDArray[np.int64]
    """(k,) sorted PTS of those at which decoding can begin."""
    is_seekable: bool
    """True when every frame can be reached by its PTS: a container that can be trusted, and all PTS are known,
    unique and in order."""

    def __post_init__(self) -> None:
        for name, stamps in (("pts", self.pts), ("keyframe_pts", self.keyframe_pts)):
            if stamps.ndim != 1 or bool((np.diff(stamps) < 0).any()):
                raise ValueError(f"{name} of a packet scan must be a sorted 1-d array")

    @property
    def num_frames(self) -> int:
        """Frames that the packets promise."""
        return len(self.pts)

    def count_between(self, start_pts: int | None, end_pts: int | None) -> int:
        """Number of frames within ``[start_pts, end_pts)``; None is open."""
        first = 0 if start_pts is None else int(np.searchsorted(self.pts, start_pts))
        end = len(self.pts) if end_pts is None else int(np.searchsorted(self.pts, end_pts))
        return max(0, end - first)


def scan_packets(path: Path) -> PacketScan:
    """Read all packets of the picture track of a video.

    Packets that an edit list hides are left out, as are those in front of the first key frame, which cannot be
    decoded.

    Raises:
        MediaNotFoundError, UnsupportedMediaError, NoVideoError, DamagedMediaError, MediaTooLargeError: as
            ``probe_video``.
    """
    info = probe_video(path)
    shown: list[int] = []
    keyframes: list[int] = []
    decoding_times: list[int] = []
    is_whole = True
    with open_container(path) as container:
        for packet in read_packets(container, [container.streams[info.stream_index]]):
            if isinstance(packet, av.error.FFmpegError) or packet.pts is None or packet.is_corrupt:
                is_whole = False
                continue
            if packet.dts is not None:
                decoding_times.append(packet.dts)
            if packet.is_keyframe:
                keyframes.append(packet.pts)
            if not packet.is_discard:
                shown.append(packet.pts)
    pts = np.sort(np.array(shown, np.int64))
    if keyframes:
        pts = pts[pts >= min(keyframes)]
    is_seekable = (
        is_whole
        and info.container in TRUSTED_CONTAINERS
        and bool(keyframes)
        and bool((np.diff(pts) > 0).all())
        # A stream whose clock was set back in the middle cannot be found by time.
        and all(b > a for a, b in pairwise(keyframes))
        and all(b >= a for a, b in pairwise(decoding_times))
    )
    return PacketScan(pts, np.sort(np.array(keyframes, np.int64)), is_seekable)
