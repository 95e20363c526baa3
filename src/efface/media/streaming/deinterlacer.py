"""Makes whole pictures of interlaced ones, which combs would cross once they are scaled."""

from collections.abc import Iterator

import av
import av.error
from av.filter import Graph


class Deinterlacer:
    """Fills in the lines of one field; frames that are not marked as interlaced pass unchanged.

    Frame for frame, so the times stay. It holds one frame back.
    """

    def __init__(self, first: av.VideoFrame) -> None:
        """
        Args:
            first: tells size, format and time base of all frames.
        """
        assert first.time_base is not None
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=first.width, height=first.height, format=first.format, time_base=first.time_base
        )
        self._graph.link_nodes(
            source,
            self._graph.add("bwdif", "mode=send_frame:deint=interlaced"),
            self._graph.add("buffersink"),
        ).configure()

    def feed(self, frame: av.VideoFrame | None) -> Iterator[av.VideoFrame]:
        """Frames that are ready after this one; None at the end gives the last."""
        self._graph.vpush(frame)
        while True:
            try:
                yield self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
