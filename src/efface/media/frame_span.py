"""Frames of a video by their index on its time line."""

from collections.abc import Generator, Iterator
from pathlib import Path

from efface.domain.errors import IndexMismatchError
from efface.domain.time import PtsSpan, Timeline
from efface.media.frame import VideoFrame
from efface.media.reader import open_video


def read_frame_span(
    path: Path, timeline: Timeline, frames: range
) -> Generator[tuple[int, VideoFrame], None, None]:
    """The frames of a span with their indexes, in order.

    They are sought by their times. Where that leads to other frames than the time line has, as in files without times
    or with damage, the file is read from its beginning and its frames are counted.

    Args:
        path: the video that the time line is of.
        timeline: when each frame is shown.
        frames: indexes on the time line, of step 1.

    Raises:
        IndexMismatchError: the video has fewer frames.
        InputError: the video cannot be read.
    """
    index = frames.start
    if 0 < frames.start < frames.stop:
        for frame in _sought(path, timeline, frames):
            if index >= frames.stop or frame.pts != int(timeline.pts[index]):
                break
            yield index, frame
            index += 1
    if index < frames.stop:
        with open_video(path) as video:
            for frame in video.frames():
                if frame.index == index:
                    yield index, frame
                    index += 1
                if index == frames.stop:
                    return
        raise IndexMismatchError(
            f"{path} has {index} frames, not {timeline.num_frames} as the index says: index it anew"
        )


def _sought(path: Path, timeline: Timeline, frames: range) -> Iterator[VideoFrame]:
    end = None if frames.stop >= timeline.num_frames else int(timeline.pts[frames.stop])
    with open_video(path) as video:
        yield from video.frames(span=PtsSpan(int(timeline.pts[frames.start]), end))
