"""Turns the packets of one picture track into frames, whatever state the packets are in."""

import heapq

import av
import av.error
from av import CodecContext, Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from efface.domain.media import Damage
from efface.media.source import limit_pictures

_MAX_MESSAGES = 5
_MAX_TAIL_PACKETS = 600
_MAX_TAIL_BYTES = 64 << 20


class TrackDecoder:
    """Decodes with all processors; a packet that the decoder refuses costs frames and is counted."""

    def __init__(self, track: VideoStream, has_decode_order_pts: bool = False) -> None:
        self._track = track
        self._pending_pts = _PendingPts() if has_decode_order_pts else None
        self._num_bad_packets = 0
        self._messages: dict[str, None] = {}
        self._num_packets = 0
        self._num_frames = 0
        self._last_frame: av.VideoFrame | None = None
        self._tail: list[Packet[VideoStream]] = []
        self._tail_bytes = 0
        self._num_bad_before_tail = 0
        limit_pictures(track.codec_context)
        track.codec_context.thread_type = "AUTO"

    @property
    def damage(self) -> Damage:
        """What was refused so far."""
        return Damage(self._num_bad_packets, tuple(self._messages))

    def decode(self, packet: "Packet[VideoStream]") -> list[av.VideoFrame]:
        """The frames that are ready after this packet, in presentation order."""
        self._num_packets += 1
        self._remember(packet)
        if self._pending_pts:
            self._pending_pts.add(packet)
        try:
            return self._count(self._track.decode(packet))
        except av.error.BlockingIOError:
            # The decoder still holds a packet that it could not read: without a reset it takes no other.
            self._track.codec_context.flush_buffers()
            self.record("the decoder had to be reset")
        except av.error.FFmpegError as error:
            self.record(_reason(error))
        return []

    def finish(self) -> list[av.VideoFrame]:
        """The frames that the decoder still held at the end of the file."""
        frames: list[av.VideoFrame] = []
        try:
            frames = self._count(self._track.decode(None))
        except av.error.FFmpegError as error:
            self.record(_reason(error))
        if self._num_frames < self._num_packets and not self._pending_pts:
            frames += self._count(self._rescue_tail())
        return frames

    def record(self, reason: str) -> None:
        """Count a packet that could not be read."""
        self._num_bad_packets += 1
        if len(self._messages) < _MAX_MESSAGES:
            self._messages[reason] = None

    def _count(self, frames: list[av.VideoFrame]) -> list[av.VideoFrame]:
        self._num_frames += len(frames)
        if frames:
            self._last_frame = frames[-1]
        if self._pending_pts:
            for frame in frames:
                self._pending_pts.assign(frame)
        return frames

    def _remember(self, packet: "Packet[VideoStream]") -> None:
        if packet.is_keyframe:
            self._tail.clear()
            self._tail_bytes = 0
            self._num_bad_before_tail = self._num_bad_packets
        self._tail_bytes += packet.size
        if len(self._tail) < _MAX_TAIL_PACKETS and self._tail_bytes < _MAX_TAIL_BYTES:
            self._tail.append(packet)

    def _rescue_tail(self) -> list[av.VideoFrame]:
        """Frames that threads had ready behind a bad packet when the file ended.

        PyAV stops emptying the decoder at its first error and cannot go on. So the packets since the last key
        frame are decoded once more by a single thread, which holds nothing back, and new frames are taken.
        """
        last = self._last_frame
        if last is None or last.pts is None or not self._tail:
            return []
        context = _single_threaded(self._track.codec_context)
        frames: list[av.VideoFrame] = []
        refused: list[str] = []
        for packet in [*self._tail, None]:
            try:
                frames += context.decode(packet)
            except av.error.FFmpegError as error:
                refused.append(_reason(error))
        for reason in refused[self._num_bad_packets - self._num_bad_before_tail :]:
            self.record(reason)
        frames = [frame for frame in frames if frame.pts is not None and frame.pts > last.pts]
        for frame in frames:
            frame.colorspace, frame.color_range = last.colorspace, last.color_range
            frame.color_primaries, frame.color_trc = last.color_primaries, last.color_trc
        return frames


class _PendingPts:
    """Gives frames their time where the container numbers packets in decode order, as AVI does.

    There, a frame that was decoded before others but is shown after them carries too small a PTS. Frames come
    out as they are shown, so each takes the smallest time not yet taken.
    """

    def __init__(self) -> None:
        self._heap: list[int] = []

    def add(self, packet: "Packet[VideoStream]") -> None:
        """Note the time of a packet that goes into the decoder."""
        if packet.pts is not None:
            heapq.heappush(self._heap, packet.pts)

    def assign(self, frame: av.VideoFrame) -> None:
        """Set the PTS of a frame that came out of the decoder."""
        while frame.key_frame and frame.pts is not None and self._heap and self._heap[0] < frame.pts:
            # Times of damaged packets: nothing from before a key frame is shown after it.
            heapq.heappop(self._heap)
        if self._heap:
            frame.pts = heapq.heappop(self._heap)


def _single_threaded(model: VideoCodecContext) -> VideoCodecContext:
    context = CodecContext.create(model.codec, "r")
    assert isinstance(context, VideoCodecContext)
    context.extradata = model.extradata
    context.width, context.height = model.width, model.height
    context.thread_count = 1
    limit_pictures(context)
    return context


def _reason(error: av.error.FFmpegError) -> str:
    return str(error.strerror or error)
