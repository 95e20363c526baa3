"""One decoded frame and one copied packet: what the reader hands on and the writer takes."""

import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from efface.domain.geometry import Orientation, Size

_LUMA_FIRST = re.compile(
    r"(?:(?:yuvj?|yuva)4\d\dp|gray)(?P<depth>9|10|12|14|16)?(?:le)?|nv(?:12|21|16|24|42)"
)
"""Formats whose plane 0 is luma alone, in the low bits, little-endian; all others are converted. (P010 keeps
its luma in the high bits.)"""

_KNOWN_MATRICES = frozenset({1, 4, 5, 6, 7, 9})
"""Numbers of the YUV matrices that libswscale knows; it refuses or ignores others, such as YCgCo."""
_BT2020_CONSTANT, _BT2020 = 10, 9
_BT709 = 1
_BT601 = 5
_HD_LINES = 720


class PictureConverter(threading.local):
    """Keeps libswscale contexts between frames; one set per thread, because a context must not be shared.

    Making a context costs about as much as converting a 1080p frame, so the frames of one reader share this.
    """

    _MAX_CONTEXTS = 16

    def __init__(self) -> None:
        self._contexts: dict[tuple[Any, ...], VideoReformatter] = {}

    def convert(self, native: av.VideoFrame, size: Size, pixel_format: str) -> av.VideoFrame:
        """The frame in another size or pixel format, with the colour matrix and range its tags name.

        Where no matrix is tagged, BT.709 is taken from 720 lines on and BT.601 below, as players do.
        """
        key = (native.format.name, native.width, native.height, size, pixel_format)
        context = self._contexts.get(key)
        if context is None:
            if len(self._contexts) >= self._MAX_CONTEXTS:
                self._contexts.clear()
            context = self._contexts[key] = VideoReformatter()
        is_shrunk = size.width < native.width or size.height < native.height
        return context.reformat(
            native,
            size.width,
            size.height,
            pixel_format,
            src_colorspace=_matrix_of(native),
            dst_colorspace=_matrix_of(native),
            interpolation=Interpolation.AREA if is_shrunk else Interpolation.BICUBIC,
            threads=1,
        )


def _matrix_of(native: av.VideoFrame) -> int:
    if native.colorspace == _BT2020_CONSTANT:
        return _BT2020
    if native.colorspace in _KNOWN_MATRICES or native.format.is_rgb:
        return int(native.colorspace)
    return _BT709 if native.height >= _HD_LINES else _BT601


class VideoFrame:
    """One decoded frame, in presentation order.

    Every frame of a reader has the same size and pixel format, whatever the file changes in mid-stream.
    """

    __slots__ = ("_converter", "_orientation", "index", "native", "pts")

    def __init__(
        self,
        index: int,
        native: av.VideoFrame,
        orientation: Orientation = Orientation.UPRIGHT,
        converter: PictureConverter | None = None,
    ) -> None:
        self.index = index
        """0, 1, 2 … in presentation order."""
        self.native = native
        """PyAV's frame, in coded orientation; for the writer only."""
        self.pts: int | None = native.pts
        """Ticks of the reader's ``info.time_base``, as the decoder gave it; None where the file has none."""
        self._orientation = orientation
        self._converter = converter or PictureConverter()

    def with_native(self, native: av.VideoFrame, index: int | None = None) -> "VideoFrame":
        """The same moment of the same video with other samples, and with another index if it is counted otherwise.

        Args:
            native: PyAV's frame, in coded orientation.
            index: 0, 1, 2 … in presentation order; None keeps that of this frame.
        """
        return VideoFrame(self.index if index is None else index, native, self._orientation, self._converter)

    @property
    def is_interlaced(self) -> bool:
        """True when the picture holds two fields of different times."""
        return self.native.interlaced_frame

    @property
    def size(self) -> Size:
        """Upright size in pixels."""
        return self._orientation.upright_size(self._coded_size)

    @property
    def orientation(self) -> Orientation:
        """How the coded picture is turned to be upright."""
        return self._orientation

    @property
    def _coded_size(self) -> Size:
        return Size(self.native.width, self.native.height)

    def gray(self, size: Size | None = None) -> NDArray[np.uint8]:
        """Upright luma: (h, w) uint8, contiguous, area-averaged to ``size`` (None: native).

        YUV keeps the luma as coded, so black is 16 where the range is limited; others are converted.
        """
        coded = self._orientation.upright_size(size) if size else self._coded_size
        luma, shift = self._luma()
        if (coded.width, coded.height) != (luma.shape[1], luma.shape[0]):
            luma = cv2.resize(luma, (coded.width, coded.height), interpolation=cv2.INTER_AREA)
        if shift:
            luma = luma >> shift
        gray = _turned(luma, self._orientation)
        # A copy even where none is needed, because the renderer draws into the decoded planes.
        return (
            np.array(gray, np.uint8, order="C")
            if gray.base is not None
            else gray.astype(np.uint8, copy=False)
        )

    def rgb(self, size: Size | None = None) -> NDArray[np.uint8]:
        """Upright picture: (h, w, 3) uint8 RGB, contiguous, resized to ``size`` (None: native)."""
        coded = self._orientation.upright_size(size) if size else self._coded_size
        rgb = self._converter.convert(self.native, coded, "rgb24").to_ndarray()
        return _turned(rgb, self._orientation)

    def rgb_crop(self, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        """Native-resolution cut of the upright picture: (y2 - y1, x2 - x1, 3) uint8 RGB, contiguous.

        Args:
            box: x1, y1, x2, y2 in whole pixels of the upright frame, half-open; clipped to the frame.

        Raises:
            ValueError: the box holds no pixel of the frame.
        """
        upright = np.array([_clip(box, self.size)], np.float32)
        x1, y1, x2, y2 = (
            int(side) for side in self._orientation.boxes_to_coded(upright, self._coded_size)[0]
        )
        part, left, top = cut(self.native, (x1, y1, x2, y2))
        rgb = self._converter.convert(part, Size(part.width, part.height), "rgb24").to_ndarray()
        return _turned(rgb[y1 - top : y2 - top, x1 - left : x2 - left], self._orientation)

    def _luma(self) -> tuple[NDArray[Any], int]:
        """Coded luma as a view where the format allows, and the bits to drop to come to 8."""
        found = _LUMA_FIRST.fullmatch(self.native.format.name)
        if found is None:
            gray = self._converter.convert(self.native, self._coded_size, "gray8")
            return plane_view(gray, 0), 0
        return plane_view(self.native, 0), int(found["depth"] or 8) - 8


def plane_view(native: av.VideoFrame, index: int) -> NDArray[Any]:
    """Plane of a planar frame as an array (h, w), without a copy; (h, w * 2) for NV12's chroma.

    uint8, or uint16 in this machine's byte order where samples are deeper than 8 bits.
    """
    plane = native.planes[index]
    components = [part for part in native.format.components if part.plane == index]
    dtype = np.dtype(np.uint16 if components[0].bits > 8 else np.uint8)
    rows: NDArray[Any] = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)
    if plane.line_size < 0:
        rows = rows[::-1]
    return rows[:, : plane.width * len(components)]


_TURNS = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}


def _turned(coded: NDArray[Any], orientation: Orientation) -> NDArray[Any]:
    """Contiguous upright picture; OpenCV turns ten times as fast as a copy of NumPy's turned view."""
    image = cv2.flip(coded, 1) if orientation.is_mirrored else coded
    if orientation.quarter_turns:
        image = cv2.rotate(image, _TURNS[orientation.quarter_turns])
    return np.ascontiguousarray(image)


_CUT_GRID_PX = 16
"""Cuts begin and end on this grid: chroma samples stay whole, and no filter reads past the square around."""


def cut(native: av.VideoFrame, box: tuple[int, int, int, int]) -> tuple[av.VideoFrame, int, int]:
    """A part of a frame with the box and some pixels around it, and the x and y of its top-left corner.

    The frame itself where its format is not planar. The box is in coded pixels and inside the frame.
    """
    if not native.format.is_planar or native.format.is_bit_stream:
        return native, 0, 0
    grid = _CUT_GRID_PX
    left, top = max(0, box[0] // grid - 1) * grid, max(0, box[1] // grid - 1) * grid
    right = min(native.width, (-(-box[2] // grid) + 1) * grid)
    bottom = min(native.height, (-(-box[3] // grid) + 1) * grid)
    part = av.VideoFrame(right - left, bottom - top, native.format.name)
    part.colorspace, part.color_range = native.colorspace, native.color_range
    for index, (across, down) in enumerate(_samples_per_grid(native.format.name)):
        source, target = plane_view(native, index), plane_view(part, index)
        x, y = left // grid * across, top // grid * down
        np.copyto(target, source[y : y + target.shape[0], x : x + target.shape[1]])
    return part, left, top


@cache
def _samples_per_grid(pixel_format: str) -> tuple[tuple[int, int], ...]:
    """Samples across and down that each plane spends on a square of the grid."""
    square = av.VideoFrame(_CUT_GRID_PX, _CUT_GRID_PX, pixel_format)
    views = (plane_view(square, index) for index in range(len(square.planes)))
    return tuple((view.shape[1], view.shape[0]) for view in views)


def _clip(box: tuple[int, int, int, int], size: Size) -> tuple[int, int, int, int]:
    x1, y1 = max(0, box[0]), max(0, box[1])
    x2, y2 = min(size.width, box[2]), min(size.height, box[3])
    if x1 >= x2 or y1 >= y2:
        raise ValueError(f"box {box} holds no pixel of the {size} frame")
    return x1, y1, x2, y2


@dataclass(frozen=True, slots=True, eq=False)
class CopiedPacket:
    """A compressed audio or subtitle packet that goes into the output as it is."""

    native: "av.Packet[Any]"
    """PyAV's packet; for the writer only."""
    stream_index: int
    """Position of its stream in the source file."""
