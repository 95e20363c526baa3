"""The stages of a redaction: cut the video into spans of frames, render each, join them into the finished file."""

import hashlib
import json
from pathlib import Path
from typing import Any

from efface.domain.errors import IndexMismatchError
from efface.domain.service import MediaFacts, RedactionOutcome, StoredSource
from efface.index.codec import decode_index
from efface.index.model import FaceIndex
from efface.media.encoders import default_output_suffix
from efface.media.files import atomic_output
from efface.media.probe import probe_video
from efface.media.still import still_jpeg
from efface.ports import Progress
from efface.usecases.completion import outcome_document
from efface.usecases.object_keys import index_key, part_key, plan_key, poster_key, source_key
from efface.usecases.reading import INDEX_FILE
from efface.usecases.redactions import request_from_document
from efface.usecases.services import new_video_id
from efface.usecases.work import WorkOrder, WorkTools
from efface.usecases.work_pictures import POSTER_SHARE, poster_id
from efface.usecases.work_stream import make_stream_copy
