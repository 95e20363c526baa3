"""One still picture in memory: its upright planes and all that is needed to write it back the way it was."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Orientation, Size
from efface.media.image.structure import ImageFormat, ImageStructure
from efface.media.planes import EditableFrame, editable

Samples = NDArray[Any]
"""(h, w) uint8 or uint16."""


@dataclass(frozen=True, slots=True)
class JpegCoding:
    """How a JPEG was compressed, so that it can be compressed alike."""

    quantisation: tuple[tuple[int, ...], ...]
    """Tables of 64 steps, row by row, for luma and, where there is colour, chroma."""
    subsampling: int
    """Pillow's number: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0, -1 unknown."""
    is_progressive: bool


@dataclass(frozen=True, slots=True, eq=False)
class ImageDocument:
    """A decoded picture, turned upright. Nothing in it changes: edit the copy that ``editable`` gives."""

    path: Path
    """The file, as given."""
    structure: ImageStructure
    """Blocks of the file; its ``drawing`` is emptied after decoding."""
    planes: tuple[Samples, ...]
    """Gray alone, or red, green and blue: (h, w) uint8, or uint16 where ``depth`` is 16. 0 is black."""
    alpha: Samples | None
    """(h, w) opacity of the planes' type, 0 is transparent; None for a picture without it."""
    jpeg: JpegCoding | None = None
    """Set for a JPEG."""
    density: tuple[float, float] | None = None
    """Pixels per inch of a JPEG, x and y."""
    is_bilevel: bool = False
    """True for a picture of black and white only."""
    notices: tuple[str, ...] = ()
    """What will look or be stored otherwise in an output, for people."""

    @property
    def format(self) -> ImageFormat:
        """Format of the file, whatever its name says."""
        return self.structure.format

    @property
    def size(self) -> Size:
        """Upright size in pixels."""
        height, width = self.planes[0].shape
        return Size(width, height)

    @property
    def orientation(self) -> Orientation:
        """Upright: the planes have been turned already."""
        return Orientation.UPRIGHT

    @property
    def depth(self) -> int:
        """Bits per sample: 8 or 16."""
        return int(self.planes[0].itemsize) * 8

    @property
    def default_suffix(self) -> str:
        """Extension of an output: the input's own where it fits the format, else the usual one."""
        return self.format.suffix_for(self.path)

    def rgb(self, size: Size | None = None) -> NDArray[np.uint8]:
        """(h, w, 3) uint8 RGB, contiguous, area-averaged to ``size`` (None: native), without alpha."""
        eight_bit = [_to_eight_bit(_resized(plane, size)) for plane in self.planes]
        return np.asarray(cv2.merge(eight_bit if len(eight_bit) == 3 else eight_bit * 3), np.uint8)

    def gray(self, size: Size | None = None) -> NDArray[np.uint8]:
        """(h, w) uint8 luma, contiguous, area-averaged to ``size`` (None: native)."""
        if len(self.planes) == 1:
            return _to_eight_bit(_resized(self.planes[0], size)).copy()
        return np.asarray(cv2.cvtColor(self.rgb(size), cv2.COLOR_RGB2GRAY), np.uint8)

    def editable(self) -> EditableFrame:
        """A copy of the colour planes to hide faces in; give it to ``write_image``.

        Planes are green, blue and red as FFmpeg orders them, or luma alone; black is 0 in each.
        """
        layout = ("gray" if len(self.planes) == 1 else "gbrp") + ("16le" if self.depth == 16 else "")
        frame = editable(av.VideoFrame(self.size.width, self.size.height, layout))
        for plane, samples in zip(in_order(frame), self.planes, strict=True):
            np.copyto(plane, samples)
        return frame


def in_order(frame: EditableFrame) -> tuple[Samples, ...]:
    """Samples of a picture's planes: luma alone, or red, green and blue."""
    by_role = {plane.role: plane.pixels for plane in frame.planes}
    return tuple(by_role[role] for role in ("luma", "red", "green", "blue") if role in by_role)


def _resized(plane: Samples, size: Size | None) -> Samples:
    if size is None or (size.height, size.width) == plane.shape:
        return plane
    return np.asarray(cv2.resize(plane, (size.width, size.height), interpolation=cv2.INTER_AREA))


def _to_eight_bit(plane: Samples) -> NDArray[np.uint8]:
    return np.asarray(plane >> 8 if plane.itemsize == 2 else plane, np.uint8)
