"""Which index the numbers of faces and tracks are of."""

import hashlib
import json
from dataclasses import replace

from efface.domain.edits import Edits
from efface.index.model import FaceIndex


def bind_edits(edits: Edits, index: FaceIndex) -> Edits:
    """The edits, marked as made for this index, so that its numbers are never taken for those of another."""
    return replace(edits, index_digest=digest_index(index))


def digest_index(index: FaceIndex) -> str:
    """SHA-256 of which tracks an index has, when they are seen, and whose they are."""
    structure = [
        [[track.track_id, track.first_frame, track.num_frames] for track in index.tracks],
        [[face.face_id, sorted(face.track_ids)] for face in index.faces],
    ]
    return hashlib.sha256(json.dumps(structure).encode()).hexdigest()
