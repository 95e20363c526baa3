"""Frames of one video for somebody who looks here and there in it, and there again."""

from collections import OrderedDict
from collections.abc import Generator
from fractions import Fraction
from pathlib import Path

import av
import av.filter

from efface.domain.time import Timeline
from efface.media.frame import VideoFrame
from efface.media.frame_span import read_frame_span

_MOST_BEFORE = 8
"""Frames kept from before one that was sought, for whoever steps back from it: they are decoded on the way anyway."""
_MOST_AHEAD = 32
"""Frames that are decoded on the way to one further on; beyond, to seek is quicker more often than not."""

_NO_TIME_BASE = Fraction(1, 1000)
"""FFmpeg wants one, and changes no time stamp by it."""


class KeptFrames:
    """Keeps the frames that were asked for last and those around them, and the decoder where it stands.

    A frame is the same picture, however it was come by. The file must stay as it is while this is in use, and one
    thread may use it at a time.

    Args:
        path: the video.
        timeline: when each of its frames is shown.
        capacity_bytes: of all that is kept; a frame that is larger than that by itself is kept alone, since the decoder
            holds several of its size anyway. 0 keeps none.
    """

    def __init__(self, path: Path, timeline: Timeline, capacity_bytes: int) -> None:
        self._path = path
        self._timeline = timeline
        self._capacity_bytes = capacity_bytes
        self._kept: OrderedDict[int, VideoFrame] = OrderedDict()
        self._held_bytes = 0
        self._frame_bytes = 0
        self._ahead: Generator[tuple[int, VideoFrame], None, None] | None = None
        self._next = 0
        self._doubler = _Doubler()

    @property
    def held_bytes(self) -> int:
        """Bytes of the samples that are kept."""
        return self._held_bytes

    def frame(self, index: int) -> VideoFrame:
        """A frame, which the caller may paint on: what is kept stays as it was decoded.

        Args:
            index: on the time line.

        Raises:
            IndexMismatchError: the video has fewer frames than the time line.
            InputError: the video cannot be read.
        """
        frame = self._kept.get(index)
        if frame is None:
            frame = self._decoded(index)
        else:
            self._kept.move_to_end(index)
        return frame.with_native(self._doubler.double(frame.native), index)

    def close(self) -> None:
        """Close the file, and let go of all frames."""
        self._stop()
        self._kept.clear()
        self._held_bytes = 0

    def _decoded(self, index: int) -> VideoFrame:
        ahead = self._ahead
        if ahead is None or not 0 <= index - self._next <= _MOST_AHEAD:
            self._stop()  # first, so that there are never two decoders
            self._next = max(0, index - self._num_before())
            ahead = read_frame_span(self._path, self._timeline, range(self._next, self._timeline.num_frames))
            self._ahead = ahead
        try:
            for found, frame in ahead:
                self._next = found + 1
                self._keep(found, frame)
                if found == index:
                    return frame
        except BaseException:
            self.close()
            raise
        raise AssertionError("a span gives each of its frames, or tells why not")

    def _num_before(self) -> int:
        """Half of the room may go to frames that nobody has asked for."""
        if not self._frame_bytes:
            return _MOST_BEFORE if self._capacity_bytes else 0
        return min(_MOST_BEFORE, self._capacity_bytes // self._frame_bytes // 2)

    def _keep(self, index: int, frame: VideoFrame) -> None:
        self._frame_bytes = sum(plane.buffer_size for plane in frame.native.planes)
        if index in self._kept or not self._capacity_bytes:
            return
        self._kept[index] = frame
        self._held_bytes += self._frame_bytes
        while self._held_bytes > self._capacity_bytes and len(self._kept) > 1:
            self._kept.popitem(last=False)
            self._held_bytes -= self._frame_bytes

    def _stop(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None


class _Doubler:
    """Makes second frames over the same samples, with the same tags; PyAV itself cannot."""

    def __init__(self) -> None:
        self._graph: av.filter.Graph | None = None

    def double(self, native: av.VideoFrame) -> av.VideoFrame:
        """A frame like this one, for a few microseconds: its samples are copied when one of the two is made writable.

        All frames of one ``_Doubler`` have the same size and pixel format.
        """
        if self._graph is None:
            graph = av.filter.Graph()
            graph.threads = 1  # nothing is filtered
            source = graph.add_buffer(
                width=native.width,
                height=native.height,
                format=native.format,
                time_base=native.time_base or _NO_TIME_BASE,
            )
            source.link_to(graph.add("buffersink"))
            graph.configure()
            self._graph = graph
        self._graph.vpush(native)
        return self._graph.vpull()
