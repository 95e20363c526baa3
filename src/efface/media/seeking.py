"""Getting into the middle of a video so that what is decoded there is what a pass from the start would decode."""

from pathlib import Path

import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from efface.media.source import open_container, read_packets

TRUSTED_CONTAINERS = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts"})
"""Demuxers whose packets carry the same time stamps after seeking as without; tests prove it for each."""

_LONGEST_STEP_S = 64
"""Seconds stepped back at once at most in search of a key frame."""


def seek_before(container: InputContainer, track: VideoStream, path: Path, start_pts: int) -> bool:
    """Place an unread container so that every frame from ``start_pts`` on decodes as in a pass from the start.

    That takes one key frame more than the one at or before ``start_pts``: where decoding begins, open GOPs have
    frames that need the GOP before them, and pictures refreshed bit by bit are broken for a while.

    Args:
        container: the container to place.
        track: its picture track.
        path: the file of the container, opened once more to find out where seeking leads.
        start_pts: ticks of the track's time base.

    Returns:
        True when it was placed there: what comes before the first key frame packet is to be dropped. False when it
        stays at the start of the file.
    """
    with open_container(path) as scout:
        finder = _KeyframeFinder(scout, track.index)
        at_start = finder.find(start_pts)
        before = None if at_start is None else finder.find(at_start[1] - 1)
    if before is None:
        return False
    container.seek(before[0], stream=track)
    return True


class _KeyframeFinder:
    """Seeks, and looks where that has led to."""

    def __init__(self, container: InputContainer, stream_index: int) -> None:
        self._container = container
        track = container.streams[stream_index]
        assert isinstance(track, VideoStream)
        self._track = track
        self._second = max(1, round(1 / track.time_base)) if track.time_base else 1
        self._first_pts = track.start_time if track.start_time is not None else 0

    def find(self, pts: int) -> tuple[int, int] | None:
        """Where to seek to, and the PTS of the first key frame from there, which is ``pts`` or before it.

        None where there is no such key frame. Transport streams have no index of key frames, so seeking may lead
        between two of them, and the next one lies too late.
        """
        target, step = pts, self._second
        while True:
            found = self._keyframe_after_seek(target)
            if found is not None and found <= pts:
                return target, found
            if target < self._first_pts:
                return None
            target, step = target - step, min(2 * step, _LONGEST_STEP_S * self._second)

    def _keyframe_after_seek(self, target: int) -> int | None:
        try:
            self._container.seek(target, stream=self._track)
        except av.error.FFmpegError:
            return None
        for packet in read_packets(self._container, [self._track]):
            if not isinstance(packet, av.error.FFmpegError) and packet.is_keyframe:
                return packet.pts
        return None
