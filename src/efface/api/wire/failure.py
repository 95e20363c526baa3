"""Failures in the words of Azure's enumeration."""

from efface.domain.service import Failure

NO_FAILURE = "None"
_GENERAL = "General"
# Azure's words for what a user can do something about; a fault of the service itself is General.
_WORDS = {
    "UnsupportedMediaError": "UnsupportedFileType",
    "NoVideoError": "UnsupportedFileType",
    "DamagedMediaError": "InvalidInput",
    "MediaTooLargeError": "InvalidInput",
    "MediaNotFoundError": "VideoUrlUnreachable",
    "RequestError": "InvalidInput",
    "UnknownFaceError": "InvalidInput",
    "ServiceUnavailableError": "TransientError",
    "DiskFullError": "TransientError",
}
CANCELLED = "Cancelled"
"""Of a job, which Azure has no word for."""


def failure_code(failure: Failure | None) -> str:
    """Azure's word for a failure, ``None`` where there is none."""
    return NO_FAILURE if failure is None else _WORDS.get(failure.code, _GENERAL)


def failure_message(failure: Failure | None) -> str:
    """Why it failed, empty where it did not."""
    return "" if failure is None else failure.message


def job_failure_code(failure: Failure | None) -> str:
    """The same for a job, which can also be cancelled."""
    return CANCELLED if failure is not None and failure.code == CANCELLED else failure_code(failure)
