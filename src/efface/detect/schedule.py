"""Which frames are searched, and how thoroughly.

Memory across frames pays for searching few of them: thorough searches at native size find the small faces, quick ones
between them hold the tracks, and motion carries the boxes over the frames that are not searched at all.
"""

from dataclasses import dataclass

from efface.domain.geometry import Boxes, Size


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """How often frames are searched. Shorter times find more and cost more."""

    quick_every_s: float = 0.16
    """Seconds between searches of any kind."""
    thorough_s_per_megapixel: float = 0.72
    """Seconds between thorough searches of pictures of a million pixels; what a search costs grows with its pixels."""
    min_thorough_s: float = 0.5
    max_thorough_s: float = 1.5
    max_quick_frames: int = 8
    """Frames between searches at most, however fast they follow each other."""
    max_thorough_frames: int = 45
    """Frames between thorough searches at most."""
    always_thorough_s: float = 0.19
    """Frames that last this long are all searched thoroughly: motion cannot be followed between them."""


@dataclass(frozen=True, slots=True)
class Search:
    """How one frame is searched."""

    long_side: int
    """Pixels of the longer side of the searched picture."""
    is_thorough: bool
    """True for a search at native size."""
    min_visible: float
    """Longer side, in frame pixels, of the smallest face that such a search usually finds."""


_VISIBLE_PX = 9.0
"""Longer side of the smallest face that CenterFace finds more often than not, in searched pixels."""
_COMFORTABLE_PX = 14.0
"""Size at which it finds nearly all."""
_QUICK_SIDES = (320, 480, 640)
_WORTH_ENDING = 0.3
"""A shot ends with a thorough search unless the last one is less than this share of the usual time ago."""


class SearchSchedule:
    """Decides, frame by frame, whether and how a frame is searched."""

    def __init__(self, frame: Size, settings: ScheduleSettings | None = None) -> None:
        self._settings = settings or ScheduleSettings()
        self._native = max(frame.width, frame.height)
        wanted = self._settings.thorough_s_per_megapixel * frame.width * frame.height / 1e6
        self._thorough_every_s = min(
            max(wanted, self._settings.min_thorough_s), self._settings.max_thorough_s
        )
        self._since_any = self._since_thorough = 0.0
        self._frames_since_any = self._frames_since_thorough = 0

    def next(self, elapsed_s: float, *, starts_shot: bool, ends_shot: bool, faces: Boxes) -> Search | None:
        """Decide for the next frame.

        Args:
            elapsed_s: seconds since the frame before it.
            starts_shot: whether it is the first of its shot.
            ends_shot: whether it is the last of its shot: from there faces are followed back that came in late.
            faces: (n, 4) boxes of the faces being followed, in frame pixels.

        Returns:
            How to search it, or None to leave it to motion.
        """
        limits = self._settings
        self._since_any += elapsed_s
        self._since_thorough += elapsed_s
        self._frames_since_any += 1
        self._frames_since_thorough += 1
        slack = elapsed_s / 2  # the frame nearest to the wanted moment, not the first one behind it
        if (
            starts_shot
            or (ends_shot and self._since_thorough >= _WORTH_ENDING * self._thorough_every_s)
            or elapsed_s >= limits.always_thorough_s
            or self._since_thorough + slack >= self._thorough_every_s
            or self._frames_since_thorough >= limits.max_thorough_frames
        ):
            self._since_any = self._since_thorough = 0.0
            self._frames_since_any = self._frames_since_thorough = 0
            return self.thorough()
        if (
            self._since_any + slack >= limits.quick_every_s
            or self._frames_since_any >= limits.max_quick_frames
        ):
            self._since_any, self._frames_since_any = 0.0, 0
            return self._search(self._quick_side(faces), is_thorough=False)
        return None

    def thorough(self) -> Search:
        """A search at native size; small pictures are enlarged, because twice as many faces of 10 px are found so."""
        enlarged = max(min(2 * self._native, 640), min(round(1.5 * self._native), 1280))
        return self._search(max(self._native, enlarged), is_thorough=True)

    def _quick_side(self, faces: Boxes) -> int:
        """The cheapest size at which the followed faces are still comfortably found."""
        wanted = 480.0
        if len(faces):
            smallest = float((faces[:, 2:] - faces[:, :2]).max(axis=1).min())
            wanted = _COMFORTABLE_PX * self._native / max(1.0, smallest)
        side = next((s for s in _QUICK_SIDES if s >= wanted), _QUICK_SIDES[-1])
        return min(side, max(self._native, _QUICK_SIDES[0]))

    def _search(self, long_side: int, *, is_thorough: bool) -> Search:
        return Search(long_side, is_thorough, _VISIBLE_PX * self._native / long_side)
