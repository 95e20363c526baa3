"""Archives of pictures from which each can be read by itself, and the pictures of an index."""

import io
import zipfile
from collections.abc import Iterable
from uuid import UUID, uuid5

from efface.index.insights import thumbnail_id
from efface.index.model import FaceIndex
from efface.index.thumbnails import CropsByTrack, Thumbnail, best_crop, encode_jpeg, pack_thumbnails
from efface.pipeline.key_frames import KeyFrame
from efface.usecases.insights import Picture

_NAMESPACE = UUID("2f0e7a1c-6f0b-5f0f-8c0d-0f6f3b1d7c52")
_LOCAL_HEADER_BYTES = 30

POSTER_SHARE = 0.1
"""Where in a video the still is taken that stands for it, if nothing better is known: past titles and fades."""


def poster_id(video_id: str, version: int) -> str:
    """GUID of the picture that stands for a version of a video."""
    return str(uuid5(_NAMESPACE, f"{video_id}/{version}"))


def key_frame_id(index: FaceIndex, key_frame: KeyFrame) -> str:
    """GUID of a key frame's picture, the same for the same video and frame."""
    return str(uuid5(_NAMESPACE, f"{index.source.sha256}/{key_frame.frame_index}"))


def face_archive(index: FaceIndex, crops: CropsByTrack) -> tuple[bytes, tuple[Picture, ...]]:
    """One picture for each track that has one.

    Returns:
        The archive, and where each picture lies in it. Entries are named as in Video Indexer's archive, because
        clients pair them with the index by name.
    """
    pictures = {}
    for track in index.tracks:
        crop = best_crop(index, track.track_id, crops)
        if crop is not None:
            guid = str(thumbnail_id(index, track.track_id))
            pictures[guid] = Thumbnail(f"FaceInstanceThumbnail_{guid}.jpg", encode_jpeg(crop.rgb))
    return _archive(pictures.items())


def key_frame_archive(index: FaceIndex, key_frames: Iterable[KeyFrame]) -> tuple[bytes, tuple[Picture, ...]]:
    """One picture for each key frame, as ``face_archive``."""
    guids = ((key_frame_id(index, key_frame), key_frame) for key_frame in key_frames)
    return _archive(
        (guid, Thumbnail(f"KeyFrameThumbnail_{guid}.jpg", key_frame.jpeg)) for guid, key_frame in guids
    )


def _archive(pictures: Iterable[tuple[str, Thumbnail]]) -> tuple[bytes, tuple[Picture, ...]]:
    named = {picture.file_name: (guid, picture) for guid, picture in pictures}
    packed = pack_thumbnails(picture for _, picture in named.values())
    found = []
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for entry in archive.infolist():
            # Entries are stored as they are, so a picture is a range of the archive.
            offset = entry.header_offset + _LOCAL_HEADER_BYTES + len(entry.filename.encode())
            found.append(Picture(named[entry.filename][0], entry.filename, offset, entry.file_size))
    return packed, tuple(found)
