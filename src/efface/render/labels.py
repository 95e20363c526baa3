"""The kind that hides nothing: a drawn box with the id of the face."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Orientation, Size
from efface.media.planes import EditableFrame
from efface.plan import Region
from efface.render.masks import Box, Rect, clipped_rect

_COLOUR_RGB = {"red": 255, "green": 214, "blue": 0}
_COLOUR_YUV = (194, 30, 155)
"""The same amber by BT.709 in limited range, 8 bit. Other matrices show a neighbouring yellow."""
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_PX = 22
"""Height of a digit at font scale 1."""
_TEXT_SHARE, _MIN_TEXT_PX = 1 / 45, 9
"""Height of a digit over the shorter side of the frame, and the least that can be read."""
_LINE_SHARE, _MIN_LINE_PX = 1 / 360, 2


@dataclass(frozen=True, slots=True, eq=False)
class _Tag:
    """A label as it is seen upright."""

    ink: NDArray[np.float32]
    """(h, w) 1 where the text is, 0 where the background is."""
    left: int
    top: int


def draw_labelled_box(frame: EditableFrame, region: Region, box: Box, orientation: Orientation) -> None:
    """Draw the outline of a box and its label, in place; the label reads upright when the video is played.

    Args:
        frame: planes in coded orientation.
        region: its label is printable ASCII; without one, the outline is drawn alone.
        box: the region's box in pixels of the coded frame; the outline lies inside of it.
        orientation: how the coded picture is turned to be upright.
    """
    shorter = min(frame.size.width, frame.size.height)
    line = max(_MIN_LINE_PX, round(shorter * _LINE_SHARE))
    for side in _outline(box, line):
        rect = clipped_rect(side, frame.size)
        if rect is not None:
            _paint(frame, rect)
    if region.label:
        tag = _tag(region.label, region.box, orientation.upright_size(frame.size), shorter)
        _paint_tag(frame, tag, orientation)


def _outline(box: Box, line: int) -> list[Box]:
    x1, y1, x2, y2 = (round(value) for value in box)
    return [
        (x1, y1, x2, y1 + line),
        (x1, y2 - line, x2, y2),
        (x1, y1, x1 + line, y2),
        (x2 - line, y1, x2, y2),
    ]


def _tag(label: str, upright_box: Box, size: Size, shorter: int) -> _Tag:
    """Render the label and find its place: on top of the box, or inside where the frame ends."""
    scale = max(_MIN_TEXT_PX, shorter * _TEXT_SHARE) / _FONT_PX
    thickness = max(1, round(scale * 2))
    (text_width, text_height), _ = cv2.getTextSize(label, _FONT, scale, thickness)
    border = max(2, round(text_height * 0.35))
    width, height = text_width + 2 * border, text_height + 2 * border
    glyphs = np.zeros((height, width), np.uint8)
    cv2.putText(glyphs, label, (border, border + text_height), _FONT, scale, 255, thickness, cv2.LINE_AA)
    left = max(0, min(round(upright_box[0]), size.width - width))
    top = round(upright_box[1]) - height
    if top < 0:
        top = max(0, min(round(upright_box[1]), size.height - height))
    ink = glyphs[: size.height - top, : size.width - left].astype(np.float32) / np.float32(255)
    return _Tag(ink, left, top)


def _paint_tag(frame: EditableFrame, tag: _Tag, orientation: Orientation) -> None:
    height, width = tag.ink.shape
    upright = np.array([[tag.left, tag.top, tag.left + width, tag.top + height]], np.float32)
    x1, y1, x2, y2 = orientation.boxes_to_coded(upright, frame.size)[0].tolist()
    rect = clipped_rect((x1, y1, x2, y2), frame.size)
    if rect is not None:
        _paint(frame, rect, _to_coded(tag.ink, orientation))


def _paint(frame: EditableFrame, rect: Rect, ink: NDArray[np.float32] | None = None) -> None:
    """Fill a rectangle with the label colour, and with black where there is ink (h, w)."""
    chroma = iter(_COLOUR_YUV[1:])
    for plane in frame.planes:
        base = next(chroma) if plane.role == "chroma" else _COLOUR_RGB.get(plane.role, _COLOUR_YUV[0])
        colour = base << (plane.depth - 8)
        view = plane.pixels[rect.on(plane)]
        if ink is None or plane.shift_x or plane.shift_y or plane.role == "chroma":
            view[...] = colour
        else:
            view[...] = np.rint(colour + (plane.black - colour) * ink)


def _to_coded(upright: NDArray[Any], orientation: Orientation) -> NDArray[Any]:
    """Inverse of ``Orientation.to_upright``: turned back first, then mirrored."""
    turned = np.rot90(upright, orientation.quarter_turns)
    return turned[:, ::-1] if orientation.is_mirrored else turned
