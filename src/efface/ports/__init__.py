"""What the core needs from outside, as small protocols; adapters in ``storage``, ``jobs`` and ``outbound`` fulfil them.

Takes and gives domain records. Must hold: no library of a database, a store or a queue shows in a signature.
"""

from efface.ports.catalogue import Accounts, Callbacks, Catalogue, Corrections, Heartbeats, Jobs, Videos
from efface.ports.clock import Clock
from efface.ports.disk_room import DiskRoom
from efface.ports.job_queue import JobQueue
from efface.ports.object_store import ObjectStore
from efface.ports.outbound import CallbackSender, Downloader, FetchedFile
from efface.ports.progress import Progress, SilentProgress
from efface.ports.studio import ClosedStudio, FollowOrder, StillOrder, Studio, StudioVideo

__all__ = [
    "Accounts",
    "CallbackSender",
    "Callbacks",
    "Catalogue",
    "Clock",
    "ClosedStudio",
    "Corrections",
    "DiskRoom",
    "Downloader",
    "FetchedFile",
    "FollowOrder",
    "Heartbeats",
    "JobQueue",
    "Jobs",
    "ObjectStore",
    "Progress",
    "SilentProgress",
    "StillOrder",
    "Studio",
    "StudioVideo",
    "Videos",
]
