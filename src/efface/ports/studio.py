"""Looking into a video for somebody who waits: a frame as it will be rendered, a region followed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from efface.domain.errors import ServiceUnavailableError
from efface.domain.redaction import RedactionRequest
from efface.ports.progress import Progress

if TYPE_CHECKING:
    # It brings numpy, which `import efface` does without.
    from efface.domain.edits import DrawnRegion, Edits, FollowedRegion


@dataclass(frozen=True, slots=True)
class StudioVideo:
    """What is looked into."""

    source_key: str
    """Of the video's file in the object store."""
    index_key: str
    """Of its index."""
    name: str
    """What users call the file, in messages."""


@dataclass(frozen=True, slots=True)
class StillOrder:
    """One frame as a redaction will render it."""

    video: StudioVideo
    frame_index: int
    max_side: int
    """Greatest width and height in pixels."""
    request: RedactionRequest
    edits: "Edits | None" = None
    """Corrections by hand, every region that is to be followed with its path."""


@dataclass(frozen=True, slots=True)
class FollowOrder:
    """A drawn region that is to be followed through its shots."""

    video: StudioVideo
    region: "DrawnRegion"


class Studio(Protocol):
    """Decodes users' files somewhere else than in the process that asks: they may be hostile."""

    def still(self, order: StillOrder, progress: Progress) -> bytes:
        """A JPEG.

        Args:
            order: of what.
            progress: hears ``"still"`` several times a second while others are served first, and may cancel until then.

        Raises:
            InputError: the video or the order cannot be used.
            QueueFullError: too many wait for a still already.
            ServiceUnavailableError: the store or this machine could not do it; trying again may help.
            Cancelled: on request of ``progress``.
        """
        ...

    def follow(self, order: FollowOrder, progress: Progress) -> "tuple[FollowedRegion, ...]":
        """Where the region is, one part for each shot.

        Args:
            order: what is followed, and where.
            progress: hears ``"follow"`` several times a second, also while others are served first (then of no total);
                it may cancel.

        Raises:
            InputError, QueueFullError, ServiceUnavailableError: as ``still``.
            Cancelled: on request of ``progress``.
        """
        ...


class ClosedStudio:
    """Looks into nothing: for processes that answer nobody."""

    def still(self, order: StillOrder, progress: Progress) -> bytes:
        """Refuse."""
        raise ServiceUnavailableError(f"no still of {order.video.name} can be made in this process")

    def follow(self, order: FollowOrder, progress: Progress) -> "tuple[FollowedRegion, ...]":
        """Refuse."""
        raise ServiceUnavailableError(f"nothing in {order.video.name} can be followed in this process")
