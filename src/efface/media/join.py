"""Puts packets that were encoded in segments into one output, with the sound and subtitles of the source."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import SegmentError
from efface.domain.media import EncodeSettings
from efface.domain.time import Timeline
from efface.media.encoders import check_settings
from efface.media.frame import CopiedPacket
from efface.media.opening import Opening
from efface.media.output_file import OutputFile
from efface.media.packet_file import PacketFile
from efface.media.picture_track import PictureTrack
from efface.media.reader import VideoReader
from efface.media.source import read_packets

_MAX_PACKETS_AHEAD = 64
"""Picture packets of the source within which the first packet of each copied track is looked for."""


def join_parts(
    source: VideoReader,
    opening: Opening,
    parts: Sequence[PacketFile],
    timeline: Timeline,
    file: OutputFile,
    settings: EncodeSettings,
    on_packet: Callable[[int], None],
) -> tuple[str, ...]:
    """Write the output; ``atomic_output`` makes it appear whole.

    Frame ``i`` is shown at ``timeline.pts[i]``, whatever a part says of it: the parts' times only tell the order.

    Args:
        source: the source, not yet read.
        opening: its beginning.
        parts: of all frames, in order.
        timeline: when each frame is shown.
        file: the file to write, not begun; its suffix is that of which the parts were made.
        settings: as of the parts.
        on_packet: hears how many pictures are written.

    Returns:
        What the output does not keep of the source, for people.

    Raises:
        SegmentError: the parts do not fit together, or one is damaged.
        OutputError: the output cannot be written.
    """
    check_settings(settings)
    schedule = _schedule(parts, timeline)
    try:
        picture, losses = opening.picture_track(file.container_choice, settings)
        file.notices.extend(losses)
        with closing(_pictures(parts)) as pictures:
            join = _Join(file, picture, opening, parts, schedule, pictures)
            for num_pictures in join.run(source):
                on_packet(num_pictures)
        file.close()
    except BaseException:
        file.abandon()
        raise
    return tuple(file.notices)


@dataclass(frozen=True, slots=True, eq=False)
class _Schedule:
    """The times of all packets in decoding order, in ticks of the source's time base."""

    pts: NDArray[np.int64]
    """(n,) when the frame of each packet is shown."""
    shown: NDArray[np.int64]
    """(n,) the same, sorted."""
    delay: int
    """Frames by which decoding runs ahead of showing."""

    def times(self, shift: Callable[[int], int]) -> Iterator[tuple[int, int]]:
        """PTS and DTS of each packet, moved by ``shift``.

        A packet is decoded when the frame ``delay`` places before it is shown. The first ones would have none: they
        keep the distances of their frames, as x264 has it.
        """
        lead = shift(int(self.shown[self.delay])) - shift(int(self.shown[0]))
        for k, pts in enumerate(self.pts):
            dts = (
                shift(int(self.shown[k])) - lead if k < self.delay else shift(int(self.shown[k - self.delay]))
            )
            yield shift(int(pts)), dts


def _schedule(parts: Sequence[PacketFile], timeline: Timeline) -> _Schedule:
    """Give every packet the time of its frame.

    Raises:
        SegmentError: a frame is missing or there twice, or a part begins with a packet that builds on another.
    """
    decoded: list[NDArray[np.int64]] = []
    num_frames = delay = 0
    for part in parts:
        first, end = part.notes.first_frame, part.notes.end_frame
        if first != num_frames or len(part.pts) != end - first or end > timeline.num_frames:
            raise _unfit(
                part, f"it holds {len(part.pts)} frames from {first} on, where {num_frames} comes next"
            )
        order = np.argsort(part.pts, kind="stable")
        if not np.array_equal(part.pts[order], timeline.pts[first:end]):
            raise _unfit(part, "its frames are shown at other times than those of the index")
        if not part.is_keyframe[0] or order[0] != 0:
            raise _unfit(part, "it does not begin with a key frame")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        delay = max(delay, int((np.arange(len(order)) - rank).max()))
        decoded.append(timeline.pts[first:end][rank])
        num_frames = end
    if num_frames != timeline.num_frames:
        raise SegmentError(
            f"the parts hold {num_frames} of {timeline.num_frames} frames: "
            "render what is missing, or the video in one piece"
        )
    return _Schedule(np.concatenate(decoded), timeline.pts, delay)


def _check_encoders(parts: Sequence[PacketFile], picture: PictureTrack) -> None:
    """Refuse parts whose packets need another header than the one that was written.

    Raises:
        SegmentError: they were encoded otherwise; browsers stop where the parameter sets change.
    """
    for part in parts:
        if part.notes.fingerprint != picture.fingerprint or part.notes.extradata != picture.extradata:
            raise _unfit(part, "its encoder was set up otherwise")


def _pictures(parts: Sequence[PacketFile]) -> Generator["av.Packet[Any]", None, None]:
    for part in parts:
        yield from part.packets()


class _Join:
    """One pass over the source's packets, which sets the pace for the pictures."""

    def __init__(
        self,
        file: OutputFile,
        picture: PictureTrack,
        opening: Opening,
        parts: Sequence[PacketFile],
        schedule: _Schedule,
        pictures: Iterator["av.Packet[Any]"],
    ) -> None:
        self._file = file
        self._picture = picture
        self._opening = opening
        self._parts = parts
        self._schedule = schedule
        self._pictures = pictures
        self._timed: Iterator[tuple[int, int]] = iter(())
        self._num_written = 0

    def run(self, source: VideoReader) -> Iterator[int]:
        """Write everything; gives the number of pictures written, again and again."""
        unseen = {track.index for track in source.copied_tracks}
        num_owed = 0
        for packet in read_packets(source.container, [source.picture_track, *source.copied_tracks]):
            if isinstance(packet, av.error.FFmpegError):
                continue
            if packet.stream_index == source.info.stream_index:
                num_owed += 1
            else:
                unseen.discard(packet.stream_index)
                self._file.copy(CopiedPacket(packet, packet.stream_index))
            if not self._file.has_begun and num_owed and (not unseen or num_owed >= _MAX_PACKETS_AHEAD):
                self._begin()
            if self._file.has_begun:
                yield from self._write(num_owed)
                num_owed = 0
        if not self._file.has_begun:
            self._begin()
        yield from self._write(len(self._schedule.pts))

    def _begin(self) -> None:
        first = self._picture.conform(self._opening.first.native)
        self._file.begin(self._picture, first, self._opening.field_order, int(self._schedule.shown[0]))
        _check_encoders(self._parts, self._picture)
        self._timed = self._schedule.times(self._file.shifted)

    def _write(self, num_pictures: int) -> Iterator[int]:
        for _, packet, (pts, dts) in zip(range(num_pictures), self._pictures, self._timed, strict=False):
            self._picture.stamp(packet, pts, dts)
            self._file.mux([packet])
            self._num_written += 1
            yield self._num_written


def _unfit(part: PacketFile, reason: str) -> SegmentError:
    return SegmentError(f"{part.path} does not fit the other parts ({reason}): render the video in one piece")
