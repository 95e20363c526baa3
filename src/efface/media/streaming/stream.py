"""Makes the streaming copy of a video."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
from av.audio.stream import AudioStream

from efface.domain.errors import OutputError, RequestError
from efface.media.files import atomic_output
from efface.media.frame import CopiedPacket, VideoFrame
from efface.media.reader import VideoReader, open_video
from efface.media.source import read_packets
from efface.media.streaming import picture, sound
from efface.media.streaming.fragments import MAX_START_GAP_S, FragmentWriter, create_fragments, track_base
from efface.media.streaming.layout import read_audio_track, read_video_track
from efface.media.streaming.manifest import StreamManifest
from efface.media.streaming.survey import STAGE, Survey, survey_packets
from efface.ports import Progress

VIDEO_FILE, AUDIO_FILE = "video.mp4", "audio.mp4"
_MIN_HEIGHT = 16


@dataclass(frozen=True, slots=True)
class _Plan:
    """How each track is made, and when the stream starts."""

    survey: Survey
    start: Fraction
    """Seconds on the source's clock."""
    late_s: Fraction
    """Seconds by which the picture starts later than that."""
    picture_end: Fraction
    times: picture.CopyTimes | None
    """Of the picture's packets, None where it is encoded anew."""
    is_sound_copied: bool
    num_frames: int | None

    def offset(self, base: Fraction) -> Fraction:
        """Seconds at which the start lies on the clock of the output files.

        Args:
            base: seconds per tick of the output's picture.
        """
        return self.times.delay * base if self.times else Fraction(0)


def make_stream(source: Path, folder: Path, *, max_height: int = 720, progress: Progress) -> StreamManifest:
    """Write the streaming copy of a video: ``video.mp4`` and, where it has sound, ``audio.mp4``.

    H.264 and AAC-LC that every browser plays are copied packet by packet; everything else is encoded anew. Pictures
    are never enlarged, frames keep their times to one another, and sound keeps its place beside them.

    Example::

        manifest = make_stream(Path("safe.mp4"), Path("stream"), progress=SilentProgress())
        Path("stream/master.m3u8").write_text(hls_master(manifest, "video.m3u8", "audio.m3u8"))

    Args:
        source: any video that ``open_video`` opens.
        folder: where the files are written; it exists. Each appears whole or not at all.
        max_height: greatest number of lines.
        progress: hears of each frame, as stage ``"stream"``.

    Raises:
        RequestError: ``max_height`` is below 16.
        MediaNotFoundError, UnsupportedMediaError, NoVideoError, DamagedMediaError, MediaTooLargeError: as
            ``open_video``.
        OutputError: a file cannot be written.
        Cancelled: ``progress`` stopped it; nothing is left behind.
    """
    if max_height < _MIN_HEIGHT:
        raise RequestError(f"max_height {max_height} is too small: use at least {_MIN_HEIGHT} lines")
    with open_video(source) as reader:
        plan = _plan(reader, survey_packets(reader, progress), max_height)
    video, audio = folder / VIDEO_FILE, folder / AUDIO_FILE
    is_published = False
    try:
        with ExitStack() as stack:
            audio_part = None
            if plan.survey.sound:
                audio_part = stack.enter_context(atomic_output(audio, never=[source]))
            with atomic_output(video, never=[source]) as video_part:
                notices = _write(source, plan, video_part, audio_part, max_height, progress)
                manifest = _describe(video_part, audio_part, notices)
            is_published = True
    except BaseException:
        if is_published:
            # The sound could not be given its name: a picture without it is not what was asked for.
            with suppress(OSError):
                video.unlink()
        raise
    return manifest


def _describe(video: Path, audio: Path | None, notices: tuple[str, ...]) -> StreamManifest:
    try:
        return StreamManifest(
            read_video_track(video, VIDEO_FILE),
            read_audio_track(audio, AUDIO_FILE) if audio else None,
            notices,
        )
    except ValueError as error:
        raise OutputError(f"cannot write {video}: the stream came out wrong ({error}): try again") from error


def _plan(reader: VideoReader, survey: Survey, max_height: int) -> _Plan:
    info, pts = reader.info, survey.picture.pts
    base = info.time_base
    begin, end = Fraction(0), Fraction(0)
    if len(pts):
        begin = int(pts.min()) * base
        end = (int(pts.max()) + (survey.picture.last_duration or survey.picture.step)) * base
    is_sound_copied = False
    start = begin
    if survey.sound:
        track = reader.container.streams[survey.sound.stream_index]
        assert isinstance(track, AudioStream)
        is_sound_copied = sound.why_not_copied(track, survey.sound, (begin, end)) is None
        heard = sound.first_kept(track, survey.sound)[1] if is_sound_copied else survey.sound.audible_start
        start = min(begin, heard)
    times = None
    if picture.why_not_copied(info, reader.picture_track, survey.picture, max_height) is None:
        times = picture.plan_copy(info, survey.picture, start)
    num_frames = survey.picture.num_packets or info.num_frames_estimate
    return _Plan(survey, start, begin - start, end, times, is_sound_copied, num_frames)


def _write(
    source: Path,
    plan: _Plan,
    video_part: Path,
    audio_part: Path | None,
    max_height: int,
    progress: Progress,
) -> tuple[str, ...]:
    with ExitStack() as stack:
        reader = stack.enter_context(open_video(source))
        video = stack.enter_context(create_fragments(video_part, has_keyframes=True))
        shown = _picture_writer(reader, plan, video, max_height)
        heard: sound.SoundCopy | sound.SoundTranscode | None = None
        writers = [video]
        if audio_part is not None:
            writers.append(stack.enter_context(create_fragments(audio_part, has_keyframes=False)))
            heard = _sound_writer(reader, plan, writers[-1])
        for item in _items(reader, plan):
            if isinstance(item, CopiedPacket):
                if heard is not None:
                    heard.write(item.native)
                continue
            shown.write(item)
            progress.report(STAGE, shown.num_done, plan.num_frames)
        shown.finish()
        if heard is not None:
            heard.finish()
        notices = [] if plan.times else list(picture.losses(reader.info))
    if plan.late_s > MAX_START_GAP_S:
        late = f"{float(plan.late_s):.3f} s"
        notices.append(
            f"the picture starts {late} after the sound: its first frame is shown from the start on"
        )
    lost = sum(writer.num_lost for writer in writers)
    if lost:
        notices.append(f"{lost} damaged packets left out")
    if reader.damage.bad_packets:
        notices.append(f"{reader.damage.bad_packets} packets could not be decoded")
    return tuple(notices)


def _items(reader: VideoReader, plan: _Plan) -> Iterator[Any]:
    """Frames, or packets of the picture where they are copied, with the sound's packets between them."""
    sound_index = plan.survey.sound.stream_index if plan.survey.sound else None
    if plan.times is None:
        for item in reader.items():
            if isinstance(item, VideoFrame) or item.stream_index == sound_index:
                yield item
        return
    tracks: list[Any] = [reader.picture_track]
    if sound_index is not None:
        tracks.append(reader.container.streams[sound_index])
    for packet in read_packets(reader.container, tracks):
        if isinstance(packet, av.error.FFmpegError):
            continue
        yield CopiedPacket(packet, sound_index) if packet.stream_index == sound_index else packet


def _picture_writer(
    reader: VideoReader, plan: _Plan, writer: FragmentWriter, max_height: int
) -> picture.PictureCopy | picture.PictureTranscode:
    if plan.times is not None:
        return picture.PictureCopy(writer, reader.picture_track, plan.survey.picture, plan.times)
    return picture.PictureTranscode(writer, reader.info, plan.survey.picture, plan.start, max_height)


def _sound_writer(
    reader: VideoReader, plan: _Plan, writer: FragmentWriter
) -> sound.SoundCopy | sound.SoundTranscode:
    assert plan.survey.sound is not None
    track = reader.container.streams[plan.survey.sound.stream_index]
    assert isinstance(track, AudioStream)
    offset = plan.offset(track_base(reader.info.time_base))
    if plan.is_sound_copied:
        return sound.SoundCopy(writer, track, plan.survey.sound, plan.start - offset)
    return sound.SoundTranscode(writer, track, plan.start, offset, plan.picture_end)
