"""The copy of a video that browsers play while it is still being fetched."""

import json
from pathlib import Path

import structlog

from efface.domain.errors import InputError
from efface.domain.service import Video
from efface.media.streaming.stream import make_stream
from efface.ports import ObjectStore, Progress
from efface.usecases.object_keys import stream_key
from efface.usecases.reading import STREAM_FILE
from efface.usecases.services import new_video_id


def make_stream_copy(
    video: Video, source: Path, objects: ObjectStore, folder: Path, progress: Progress
) -> bool:
    """Make and store the streaming copy of a video.

    The copy is a convenience: a video of which none can be made is still indexed or redacted.

    Args:
        video: whose copy.
        source: its file.
        objects: where the copy goes.
        folder: for what is being made.
        progress: hears ``"stream"``.

    Returns:
        Whether there is a copy.
    """
    made = folder / "stream"
    made.mkdir()
    try:
        manifest = make_stream(source, made, progress=progress)
    except InputError as error:
        structlog.get_logger(__name__).warning("no streaming copy", video=video.video_id, reason=str(error))
        return False
    # Files of their own for each attempt, and the manifest that names them last: readers see one copy or the other.
    attempt = new_video_id()
    files = {}
    for track in manifest.tracks:
        files[track.file_name] = f"{attempt}-{track.file_name}"
        objects.put_file(stream_key(video, files[track.file_name]), made / track.file_name)
    document = {"manifest": manifest.to_document(), "files": files}
    objects.put_bytes(stream_key(video, STREAM_FILE), json.dumps(document).encode())
    return True
