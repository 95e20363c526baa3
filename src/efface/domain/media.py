"""What probing a media file tells, and how an output is to be encoded."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from efface.domain.geometry import Orientation, Size


class MediaKind(Enum):
    """The two kinds of input."""

    VIDEO = "video"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream beside the picture track."""

    index: int
    """Position in the file."""
    kind: str
    """``audio``, ``subtitle``, ``video``, ``data`` or ``attachment``."""
    codec: str
    """FFmpeg codec name, ``"unknown"`` where there is none."""
    language: str | None = None
    """ISO 639 code as tagged."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the headers of a file say about its picture track. Headers may lie: decode to know."""

    path: str
    """The file, as given."""
    container: str
    """FFmpeg demuxer name, e.g. ``mov,mp4,m4a,3gp,3g2,mj2``."""
    codec: str
    """FFmpeg codec name of the picture track, e.g. ``h264``."""
    pixel_format: str
    """FFmpeg name, e.g. ``yuv420p10le``."""
    coded_size: Size
    """Size of a decoded frame before it is turned."""
    orientation: Orientation
    """How players turn the decoded frame."""
    sample_aspect_ratio: Fraction
    """Width of a coded pixel over its height; 1 where unknown."""
    time_base: Fraction
    """Seconds per tick of the picture track's PTS."""
    frame_rate: Fraction | None
    """Average frames per second from the header."""
    duration_s: float | None
    """Seconds from the header, None where it claims nothing believable."""
    num_frames_estimate: int | None
    """Number of frames from the header, or from duration and rate; an estimate."""
    stream_index: int
    """Position of the picture track in the file."""
    other_streams: tuple[StreamInfo, ...]
    """All other streams, in file order."""
    color: tuple[tuple[str, str], ...] = ()
    """Colour tags that are set: ``primaries``, ``transfer``, ``matrix``, ``range`` with FFmpeg's names."""

    @property
    def upright_size(self) -> Size:
        """Size of the frame as shown, before the sample aspect ratio is applied."""
        return self.orientation.upright_size(self.coded_size)


@dataclass(frozen=True, slots=True)
class EncodeSettings:
    """How the output is encoded; None leaves the choice to efface."""

    crf: int | None = None
    """Constant rate factor of the encoder's own scale; lower is better and larger."""
    preset: str | None = None
    """Encoder preset by x264's names, ``ultrafast`` … ``veryslow``; mapped for the other encoders."""
    keep_metadata: bool = False
    """Copy titles, dates, device, place and the like from the source; off by default because they identify people."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What could not be read of a file."""

    bad_packets: int = 0
    """Packets that the decoder refused."""
    messages: tuple[str, ...] = ()
    """A few of the reasons, for people."""
