"""Decoded pictures as arrays that may be painted on."""

import re
from dataclasses import dataclass
from typing import Any

import av
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from efface.domain.geometry import Size
from efface.media.frame import plane_view

_PLANAR = re.compile(
    r"(?:yuvj?(?P<chroma>4[0-4][0-4])p|(?P<gray>gray)|(?P<rgb>gbrp))(?P<depth>9|10|12|14|16)?(?:le)?"
)
_SHIFTS = {"444": (0, 0), "422": (1, 0), "420": (1, 1), "440": (0, 1), "411": (2, 0), "410": (2, 2)}
_BLACK_LIMITED, _NEUTRAL = 16, 128


@dataclass(frozen=True, slots=True)
class PlanarFormat:
    """What the name of a planar pixel format says: one component per plane, samples in the low bits."""

    name: str
    """FFmpeg name, e.g. ``yuv422p10le``."""
    model: str
    """``yuv``, ``gray`` or ``rgb``."""
    depth: int
    """Bits per sample."""
    shift_x: int
    """log2 of how many luma columns share a chroma sample."""
    shift_y: int
    """log2 of how many luma rows share a chroma sample."""

    @classmethod
    def parse(cls, name: str) -> "PlanarFormat | None":
        """Read a format name; None for packed, paletted, alpha and big-endian ones."""
        found = _PLANAR.fullmatch(name)
        if found is None:
            return None
        model = "gray" if found["gray"] else "rgb" if found["rgb"] else "yuv"
        shift_x, shift_y = _SHIFTS.get(found["chroma"] or "444", (0, 0))
        return cls(name, model, int(found["depth"] or 8), shift_x, shift_y)

    @property
    def is_full_range_by_name(self) -> bool:
        """True for the ``yuvj`` family, whose black is 0."""
        return self.name.startswith("yuvj")


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """One component of a picture, in coded orientation."""

    pixels: NDArray[Any]
    """(h, w) uint8, or uint16 where ``depth`` is above 8: a writable view into the frame."""
    shift_x: int
    """log2 of how many columns of the picture one column of the plane stands for."""
    shift_y: int
    """log2 of how many rows of the picture one row of the plane stands for."""
    depth: int
    """Bits per sample."""
    role: str
    """``luma``, ``chroma``, ``red``, ``green`` or ``blue``."""
    black: int
    """The sample value that shows as black in this plane."""


@dataclass(frozen=True, slots=True, eq=False)
class EditableFrame:
    """A frame whose samples may be changed in place; no decoder refers to them any more."""

    native: av.VideoFrame
    """PyAV's frame; for the writer only."""
    planes: tuple[Plane, ...]
    """In FFmpeg's order: luma and two chroma planes, luma alone, or green, blue, red."""
    size: Size
    """Coded size in pixels."""


def editable(native: av.VideoFrame) -> EditableFrame:
    """Open a planar frame for painting: its samples are copied first if the decoder still refers to them.

    The frame given is the one that changes; views taken of it before no longer belong to it.

    Raises:
        ValueError: the pixel format is not planar; the writer converts such frames beforehand.
    """
    layout = PlanarFormat.parse(native.format.name)
    if layout is None:
        raise ValueError(f"pixel format {native.format.name} has no separate planes")
    # Without this a mask would be painted into the decoder's reference picture and smear into the frames
    # after it.
    native.make_writable()
    is_full_range = layout.is_full_range_by_name or native.color_range == ColorRange.JPEG
    scale = 1 << (layout.depth - 8)
    if layout.model == "rgb":
        roles, blacks, shifts = ("green", "blue", "red"), (0, 0, 0), ((0, 0),) * 3
    else:
        # Gray without a tag may be of either range; 0 shows as black in both.
        untagged_gray = layout.model == "gray" and native.color_range != ColorRange.MPEG
        luma = 0 if is_full_range or untagged_gray else _BLACK_LIMITED * scale
        roles, blacks = ("luma", "chroma", "chroma"), (luma, _NEUTRAL * scale, _NEUTRAL * scale)
        shifts = ((0, 0), (layout.shift_x, layout.shift_y), (layout.shift_x, layout.shift_y))
    count = 1 if layout.model == "gray" else 3
    planes = tuple(
        Plane(plane_view(native, i), *shifts[i], depth=layout.depth, role=roles[i], black=blacks[i])
        for i in range(count)
    )
    return EditableFrame(native, planes, Size(native.width, native.height))
