"""Finds every face in a video or picture and hides it, or all but the ones you name.

Example:
    >>> import efface
    >>> found = efface.index("clip.mp4")  # doctest: +SKIP
    >>> efface.redact("clip.mp4", "safe.mp4", kind="HighBlur", exclude=[1001], index=found)  # doctest: +SKIP

Importing the package is cheap: OpenCV, PyAV and the networks are loaded by the first call that needs them.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from efface.domain.errors import (
    AccountNotFoundError,
    ArtifactNotFoundError,
    Cancelled,
    ConfigurationError,
    ConflictError,
    DamagedMediaError,
    DiskFullError,
    DuplicateVideoError,
    EditsChangedError,
    EditsFormatError,
    EffaceError,
    IndexFormatError,
    IndexMismatchError,
    InputError,
    JobNotFoundError,
    MediaNotFoundError,
    MediaTooLargeError,
    NotFoundError,
    NoVideoError,
    OutputError,
    QueueFullError,
    RequestError,
    SegmentError,
    ServiceUnavailableError,
    SourceDeletedError,
    UnknownFaceError,
    UnsupportedMediaError,
    VideoBusyError,
    VideoChangedError,
    VideoNotFoundError,
    WeightsError,
)
from efface.domain.redaction import BlurringKind
from efface.ports import Progress

if TYPE_CHECKING:
    from efface.detect.choice import DetectorChoice
    from efface.domain.edits import Edits
    from efface.domain.media import EncodeSettings, VideoInfo
    from efface.facade import (
        ImageInfo,
        Redaction,
        choose_detector,
        index,
        load_annotations,
        load_edits,
        load_index,
        probe,
        redact,
        save_index,
    )
    from efface.index.model import FaceIndex
    from efface.pipeline import Analysis

__version__ = "0.1.0"

__all__ = [
    "AccountNotFoundError",
    "Analysis",
    "ArtifactNotFoundError",
    "BlurringKind",
    "Cancelled",
    "ConfigurationError",
    "ConflictError",
    "DamagedMediaError",
    "DetectorChoice",
    "DiskFullError",
    "DuplicateVideoError",
    "Edits",
    "EditsChangedError",
    "EditsFormatError",
    "EffaceError",
    "EncodeSettings",
    "FaceIndex",
    "ImageInfo",
    "IndexFormatError",
    "IndexMismatchError",
    "InputError",
    "JobNotFoundError",
    "MediaNotFoundError",
    "MediaTooLargeError",
    "NoVideoError",
    "NotFoundError",
    "OutputError",
    "Progress",
    "QueueFullError",
    "Redaction",
    "RequestError",
    "SegmentError",
    "ServiceUnavailableError",
    "SourceDeletedError",
    "UnknownFaceError",
    "UnsupportedMediaError",
    "VideoBusyError",
    "VideoChangedError",
    "VideoInfo",
    "VideoNotFoundError",
    "WeightsError",
    "__version__",
    "choose_detector",
    "index",
    "load_annotations",
    "load_edits",
    "load_index",
    "probe",
    "redact",
    "save_index",
]


class _Package(ModuleType):
    """Keeps ``efface.index`` the public call: imports would put the subpackage of that name there."""

    @property
    def index(self) -> object:
        """See :func:`efface.facade.index`."""
        return __getattr__("index")

    @index.setter
    def index(self, subpackage: ModuleType) -> None:
        """Leave the subpackage to ``sys.modules``, where ``from efface.index.model import …`` finds it."""


def __getattr__(name: str) -> object:
    if name in __all__:
        from efface import facade  # noqa: PLC0415  it imports NumPy, which costs a third of `efface --help`

        return getattr(facade, name)
    raise AttributeError(f"module 'efface' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


sys.modules[__name__].__class__ = _Package
