"""The beginning of a video, which settles how all of it is encoded."""

from dataclasses import dataclass
from pathlib import Path

from efface.domain.media import EncodeSettings, VideoInfo
from efface.media.encoders import ContainerChoice
from efface.media.frame import VideoFrame
from efface.media.picture_track import PictureTrack, plan_picture
from efface.media.reader import open_video


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """What whoever renders a part of a video must know of its beginning."""

    info: VideoInfo
    first: VideoFrame
    """The first frame; it tells colours, HDR metadata, interlacing and orientation."""
    field_order: int
    """FFmpeg's number."""

    def picture_track(
        self, container: ContainerChoice, settings: EncodeSettings
    ) -> tuple[PictureTrack, tuple[str, ...]]:
        """The picture's track for an output, not yet opened, and what it will not keep of the source.

        Raises:
            OutputError, RequestError: the output cannot be encoded as asked.
        """
        plan = plan_picture(self.info, self.first.native, container, settings)
        return PictureTrack(plan, self.info), plan.notices


def read_opening(path: Path) -> Opening:
    """Decode the first frame of a video.

    Raises:
        MediaNotFoundError, UnsupportedMediaError, NoVideoError, DamagedMediaError, MediaTooLargeError: as
            ``open_video``.
    """
    with open_video(path) as reader:
        first = next(reader.frames())
        return Opening(reader.info, first, int(reader.picture_track.codec_context.field_order))
