"""What readers are told of a video: insights with the users' changes, pictures, files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from efface.domain.errors import ArtifactNotFoundError, SourceDeletedError
from efface.domain.service import FaceEdit, Video
from efface.media.still import shrunk_jpeg
from efface.media.streaming.manifest import StreamManifest
from efface.usecases.insights import Face, Picture, VideoInsights
from efface.usecases.object_keys import index_key, poster_key, stream_key
from efface.usecases.services import Services

INDEX_FILE = "index.json"
FACES_FILE = "faces.json"
FACE_PICTURES_FILE = "faces-thumbnails.zip"
KEY_FRAME_PICTURES_FILE = "keyframes-thumbnails.zip"
STREAM_FILE = "stream.json"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that may be handed to a client."""

    key: str
    """In the object store."""
    name: str
    """Under which a client keeps it."""


@dataclass(frozen=True, slots=True)
class StreamCopy:
    """A copy of a video that is played while it is still being fetched."""

    manifest: StreamManifest
    files: Mapping[str, StoredFile]
    """By the file names of the manifest's tracks."""


def read_insights(
    services: Services, video: Video, changes: Mapping[int, FaceEdit] | None = None
) -> VideoInsights | None:
    """The insights of a video with what users have changed of its faces; None where it has no index.

    Args:
        services: the ports.
        video: which.
        changes: what users have changed, where it was read already.

    Raises:
        ServiceUnavailableError: database or store do not answer.
    """
    if video.index_version == 0:
        return None
    found = services.shelf.insights(video, services.objects)
    edits = services.catalogue.face_edits(video.account_id, video.video_id) if changes is None else changes
    return replace(found, faces=with_edits(found.faces, edits)) if edits else found


def with_edits(faces: tuple[Face, ...], edits: Mapping[int, FaceEdit]) -> tuple[Face, ...]:
    """Faces as users see them: renamed where they were, without those that were deleted."""
    shown = []
    for face in faces:
        edit = edits.get(face.face_id)
        if edit is None:
            shown.append(face)
        elif not edit.is_deleted:
            shown.append(replace(face, name=edit.name, is_named=True) if edit.name else face)
    return tuple(shown)


def read_picture(services: Services, video: Video, picture_id: str, max_side: int | None = None) -> bytes:
    """A thumbnail of a face, a key frame, or the picture that stands for the video, as JPEG.

    Args:
        services: the ports.
        video: whose picture it is.
        picture_id: GUID of the picture, in any case.
        max_side: greatest width and height in pixels; None for the picture as it was made.

    Raises:
        ArtifactNotFoundError: the video has no such picture.
    """
    picture = _picture(services, video, picture_id)
    return picture if max_side is None else shrunk_jpeg(picture, max_side)


def _picture(services: Services, video: Video, picture_id: str) -> bytes:
    wanted = picture_id.lower()
    if wanted == video.thumbnail_id:
        return services.objects.get_bytes(poster_key(video, wanted))
    if video.index_version:
        found = services.shelf.insights(video, services.objects)
        for pictures, archive in (
            (found.face_pictures, FACE_PICTURES_FILE),
            (found.key_frame_pictures, KEY_FRAME_PICTURES_FILE),
        ):
            picture = _named(pictures, wanted)
            if picture is not None:
                key = index_key(video, video.index_version, archive)
                return services.objects.get_range(key, picture.offset, picture.length)
    raise ArtifactNotFoundError(f"Thumbnail '{picture_id}' was not found.")


def source_file(video: Video) -> StoredFile:
    """The video's own file, under the video's name.

    Raises:
        SourceDeletedError: it was deleted.
        ArtifactNotFoundError: it is not there yet.
    """
    if video.is_source_deleted:
        raise SourceDeletedError(f"the source file of video '{video.video_id}' was deleted")
    if video.source is None:
        raise ArtifactNotFoundError(
            f"the file of video '{video.video_id}' is not there yet: wait until it is processed"
        )
    return StoredFile(video.source.key, video.details.name)


def index_file(services: Services, video: Video, file_name: str) -> StoredFile:
    """A file of the current index: ``INDEX_FILE``, ``FACES_FILE`` …

    Raises:
        ArtifactNotFoundError: the video has no index, or one without this file.
    """
    key = index_key(video, video.index_version, file_name)
    if video.index_version == 0 or not services.objects.has(key):
        raise ArtifactNotFoundError(f"video '{video.video_id}' has no {file_name}")
    return StoredFile(key, file_name)


def read_stream(services: Services, video: Video) -> StreamCopy:
    """The copy for streaming.

    Raises:
        ArtifactNotFoundError: no such copy was made.
    """
    if not video.has_stream:
        raise ArtifactNotFoundError(f"video '{video.video_id}' has no copy for streaming")
    document = json.loads(services.objects.get_bytes(stream_key(video, STREAM_FILE)))
    files = {name: StoredFile(stream_key(video, stored), name) for name, stored in document["files"].items()}
    return StreamCopy(StreamManifest.from_document(document["manifest"]), files)


def _named(pictures: tuple[Picture, ...], picture_id: str) -> Picture | None:
    return next((picture for picture in pictures if picture.picture_id == picture_id), None)
