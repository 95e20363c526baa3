"""Calls to web servers of others: fetching a video, telling that a job has ended.

Takes URLs that users have given; gives files on disk and whether a call was answered. Must hold: the only importer of
httpx besides tests; nothing is sent to an address that the operator has not opened, whatever a name, a redirect or a
changing name server says; a file is there whole or not at all.
"""

from efface.outbound.address_rules import AddressRules
from efface.outbound.callback_poster import CallbackPoster
from efface.outbound.downloader import HttpDownloader

__all__ = ["AddressRules", "CallbackPoster", "HttpDownloader"]
