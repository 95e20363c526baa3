"""Thumbnails: one JPEG for each track and one for each person, and the archive that holds them."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import OutputError
from efface.identify.crops import FaceCrop
from efface.index.insights import face_file_name, track_file_name
from efface.index.model import FaceIndex

MAX_SIDE_PX = 320
"""Longer side of a thumbnail; smaller crops stay as they are."""
JPEG_QUALITY = 88

CropsByTrack = Mapping[int, Sequence[FaceCrop]]
"""Track id → the best views of it; a track may be missing."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One picture of the archive."""

    file_name: str
    jpeg: bytes


def best_views(crops: CropsByTrack) -> dict[int, int]:
    """Track id → frame index of its best crop: what ``FaceIndex.thumbnail_frames`` wants."""
    return {track_id: _best(views).frame_index for track_id, views in crops.items() if views}


def best_crop(index: FaceIndex, track_id: int, crops: CropsByTrack) -> FaceCrop | None:
    """The crop that is a track's thumbnail: the one in its thumbnail frame, else the best there is."""
    views = crops.get(track_id, ())
    if not views:
        return None
    face = index.face_of(track_id)
    is_best = face.thumbnail_track == track_id
    wanted = face.thumbnail_frame if is_best else index.thumbnail_frame(track_id)
    return next((crop for crop in views if crop.frame_index == wanted), None) or _best(views)


def iter_thumbnails(index: FaceIndex, crops: CropsByTrack) -> Iterator[Thumbnail]:
    """A thumbnail per person, then one per track, each by id; tracks without a crop are left out.

    Raises:
        OutputError: a picture cannot be encoded.
    """
    for face_id in index.face_ids:
        face = index.face(face_id)
        others = (track_id for track_id in face.track_ids if track_id != face.thumbnail_track)
        for track_id in (face.thumbnail_track, *others):
            crop = best_crop(index, track_id, crops)
            if crop is not None:
                yield Thumbnail(face_file_name(face_id), encode_jpeg(crop.rgb))
                break
    for track_id in sorted(track.track_id for track in index.tracks):
        crop = best_crop(index, track_id, crops)
        if crop is not None:
            yield Thumbnail(track_file_name(track_id), encode_jpeg(crop.rgb))


def thumbnails_zip(index: FaceIndex, crops: CropsByTrack) -> bytes:
    """The archive of all thumbnails; the same bytes for the same pictures, whenever and wherever it is made.

    Raises:
        OutputError: a picture cannot be encoded.
    """
    return pack_thumbnails(iter_thumbnails(index, crops))


def pack_thumbnails(thumbnails: Iterable[Thumbnail]) -> bytes:
    """An archive of pictures, each stored as it is: the same bytes whenever and wherever it is made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for thumbnail in thumbnails:
            # A fixed date and system: zipfile would write those of this machine and of now.
            entry = zipfile.ZipInfo(thumbnail.file_name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, thumbnail.jpeg)
    return buffer.getvalue()


def encode_jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """A picture (h, w, 3) RGB as JPEG, at most MAX_SIDE_PX long.

    Raises:
        OutputError: it cannot be encoded.
    """
    height, width = rgb.shape[:2]
    scale = MAX_SIDE_PX / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    bgr = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR)
    is_done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not is_done:
        raise OutputError(f"a thumbnail of {width}x{height} pixels cannot be written as JPEG")
    return data.tobytes()


def _best(views: Sequence[FaceCrop]) -> FaceCrop:
    return max(views, key=lambda crop: (crop.quality, -crop.frame_index))
