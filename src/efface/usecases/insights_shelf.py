"""Insights that were read lately, so that clients that ask again and again cost no read of the store."""

import json
import threading
from collections import OrderedDict

from efface.domain.errors import ArtifactNotFoundError
from efface.domain.service import Video
from efface.ports import ObjectStore
from efface.usecases.insights import VideoInsights
from efface.usecases.object_keys import index_key

INSIGHTS_FILE = "insights.json"


class InsightsShelf:
    """Keeps the insights of the videos that were asked for last; safe for several threads.

    A version of an index never changes, so nothing on the shelf grows stale.
    """

    def __init__(self, capacity: int = 64) -> None:
        self._capacity = capacity
        self._read: OrderedDict[str, VideoInsights] = OrderedDict()
        self._lock = threading.Lock()

    def insights(self, video: Video, objects: ObjectStore) -> VideoInsights:
        """What is known of a video.

        Raises:
            ArtifactNotFoundError: it has no index.
            ServiceUnavailableError: the store does not answer.
        """
        if video.index_version == 0:
            raise ArtifactNotFoundError(f"video {video.video_id} has no index yet")
        key = index_key(video, video.index_version, INSIGHTS_FILE)
        with self._lock:
            known = self._read.get(key)
            if known is not None:
                self._read.move_to_end(key)
                return known
        found = VideoInsights.from_document(json.loads(objects.get_bytes(key)))
        with self._lock:
            self._read[key] = found
            while len(self._read) > self._capacity:
                self._read.popitem(last=False)
        return found
