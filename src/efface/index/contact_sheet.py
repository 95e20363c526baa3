"""The contact sheet: everybody in a video on one picture, for the person who decides whom to hide.

One row per person: id and name, time on screen, number of appearances, a bar that shows when, several crops.
"""

import unicodedata
from collections.abc import Sequence
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import OutputError
from efface.domain.time import TimeRange
from efface.identify.crops import FaceCrop
from efface.index.insights import FaceInsight, face_insights
from efface.index.model import FaceIndex
from efface.index.thumbnails import CropsByTrack, best_crop

MAX_PEOPLE = 200
"""Rows on one sheet; of more people those seen longest are shown. Viewers give up on far taller pictures."""
MAX_CROPS = 6

_WIDTH = 1280
_MARGIN = 24
_HEADER = 92
_ROW = 192
_CROP = 136
_CROPS_LEFT = 372
_WHITE = (255, 255, 255)
_INK = (24, 24, 27)
_GREY = (105, 105, 115)
_LINE = (222, 222, 228)
_ACCENT = (20, 90, 200)

Picture = NDArray[np.uint8]
"""(h, w, 3) RGB."""


def contact_sheet_png(index: FaceIndex, crops: CropsByTrack) -> bytes:
    """The contact sheet as a PNG file.

    Raises:
        OutputError: the picture cannot be encoded.
    """
    bgr = cv2.cvtColor(draw_contact_sheet(index, crops), cv2.COLOR_RGB2BGR)
    is_done, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not is_done:
        raise OutputError("the contact sheet cannot be written as PNG")
    return data.tobytes()


def draw_contact_sheet(index: FaceIndex, crops: CropsByTrack) -> Picture:
    """The contact sheet (h, 1280, 3) RGB; people by face id."""
    people = face_insights(index)
    shown = sorted(people, key=lambda face: (-face.seen_duration, face.face_id))[:MAX_PEOPLE]
    rows = sorted(shown, key=lambda face: face.face_id)
    height = _HEADER + _ROW * max(1, len(rows)) + _MARGIN
    sheet = np.full((height, _WIDTH, 3), 255, np.uint8)
    _draw_header(sheet, index, len(people), len(rows))
    for i, face in enumerate(rows):
        _draw_row(sheet, _HEADER + i * _ROW, index, face, crops)
    if not rows:
        _text(sheet, "No face was found in this video.", (_MARGIN, _HEADER + 60), 0.8, _GREY)
    return sheet


def clock(seconds: Fraction) -> str:
    """Seconds as ``M:SS.t`` or ``H:MM:SS.t``, cut to tenths."""
    tenths = int(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{tenths // 10:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def _draw_header(sheet: Picture, index: FaceIndex, num_people: int, num_shown: int) -> None:
    _text(sheet, _fit(index.source.name, 0.9, _WIDTH - 2 * _MARGIN), (_MARGIN, 42), 0.9, _INK, thickness=2)
    parts = [
        f"{num_people} {'person' if num_people == 1 else 'people'}",
        clock(index.timeline.duration),
        f"{index.size}",
        index.engine,
    ]
    if num_shown < num_people:
        parts.insert(1, f"the {num_shown} seen longest are shown")
    line = _fit("  |  ".join(parts), 0.55, _WIDTH - 2 * _MARGIN)
    _text(sheet, line, (_MARGIN, 72), 0.55, _GREY)


def _draw_row(sheet: Picture, top: int, index: FaceIndex, face: FaceInsight, crops: CropsByTrack) -> None:
    cv2.line(sheet, (_MARGIN, top), (_WIDTH - _MARGIN, top), _LINE, 1)
    width = _CROPS_LEFT - 2 * _MARGIN
    _text(sheet, str(face.face_id), (_MARGIN, top + 44), 1.2, _ACCENT, thickness=3)
    _text(sheet, _fit(face.name, 0.65, width), (_MARGIN, top + 74), 0.65, _INK, thickness=1 + face.is_named)
    percent = f"{float(face.seen_ratio) * 100:.0f} %" if face.seen_ratio >= Fraction(1, 100) else "under 1 %"
    _text(sheet, f"{clock(face.seen_duration)} on screen ({percent})", (_MARGIN, top + 102), 0.55, _GREY)
    count = len(face.instances)
    times = f"{count} appearance{'' if count == 1 else 's'}"
    span = f"{clock(face.instances[0].shown.start)} to {clock(face.instances[-1].shown.end)}"
    _text(sheet, f"{times}, {span}", (_MARGIN, top + 126), 0.55, _GREY)
    _draw_bar(sheet, top + 150, index, [instance.shown for instance in face.instances])
    best = best_crop(index, index.face(face.face_id).thumbnail_track, crops)
    for i, crop in enumerate(_choose_crops(index, face, crops)):
        left = _CROPS_LEFT + i * (_CROP + 12)
        _draw_crop(sheet, (left, top + 14), index, crop, crop is best)


def _draw_bar(sheet: Picture, top: int, index: FaceIndex, spans: Sequence[TimeRange]) -> None:
    """The whole video as a grey bar; where the person appears it is coloured, at least two pixels wide."""
    left, right = _MARGIN, _CROPS_LEFT - _MARGIN
    cv2.rectangle(sheet, (left, top), (right, top + 9), _LINE, cv2.FILLED)
    scale = (right - left) / index.timeline.duration
    for span in spans:
        start = left + int(span.start * scale)
        end = max(start + 1, left + int(span.end * scale))
        cv2.rectangle(sheet, (start, top), (min(end, right), top + 9), _ACCENT, cv2.FILLED)


def _choose_crops(index: FaceIndex, face: FaceInsight, crops: CropsByTrack) -> list[FaceCrop]:
    """Up to MAX_CROPS views in order of time: the best of each track before any second view."""
    tracks = sorted(index.tracks_of(face.face_id), key=lambda t: -t.num_frames)
    best_track = index.face(face.face_id).thumbnail_track
    ids = [best_track, *(t.track_id for t in tracks if t.track_id != best_track)]
    firsts = [crop for i in ids if (crop := best_crop(index, i, crops)) is not None]
    rest = [crop for i in ids for crop in crops.get(i, ()) if not any(crop is first for first in firsts)]
    rest.sort(key=lambda crop: (-crop.quality, crop.frame_index))
    return sorted((firsts + rest)[:MAX_CROPS], key=lambda crop: crop.frame_index)


def _draw_crop(
    sheet: Picture, corner: tuple[int, int], index: FaceIndex, crop: FaceCrop, is_best: bool
) -> None:
    left, top = corner
    rgb = crop.rgb
    height, width = rgb.shape[:2]
    scale = _CROP / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=kind)
    x, y = left + (_CROP - size[0]) // 2, top + (_CROP - size[1]) // 2
    sheet[y : y + size[1], x : x + size[0]] = picture
    if is_best:
        cv2.rectangle(sheet, (x - 2, y - 2), (x + size[0] + 1, y + size[1] + 1), _ACCENT, 2)
    at = index.timeline.start_of(crop.frame_index) - index.timeline.start_of(0)
    _text(sheet, clock(at), (left + 2, top + _CROP + 20), 0.45, _GREY)


def _text(
    sheet: Picture,
    text: str,
    origin: tuple[int, int],
    scale: float,
    colour: tuple[int, int, int],
    thickness: int = 1,
) -> None:
    """Draw text with its base line at ``origin``."""
    cv2.putText(sheet, _ascii(text), origin, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness, cv2.LINE_AA)


def _fit(text: str, scale: float, width: int) -> str:
    """The text, cut with dots so that it is at most ``width`` pixels wide."""
    text = _ascii(text)
    if _text_width(text, scale) <= width:
        return text
    while text and _text_width(text + "...", scale) > width:
        text = text[:-1]
    return text + "..."


def _text_width(text: str, scale: float) -> int:
    return cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)[0][0]


def _ascii(text: str) -> str:
    """OpenCV's fonts are ASCII: letters lose their accents, what has no such form becomes a question mark."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return plain.encode("ascii", "replace").decode("ascii")
