"""Makes the picture in the README: frames of the sample clip, above as they are, below redacted."""

import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import efface
from efface.domain.geometry import Size
from efface.facade import write_sample
from efface.media.reader import open_video

_FRAMES = (0, 40, 72)
_SIZE = Size(280, 210)


def make_picture(target: Path) -> None:
    """Redact the sample clip and write the picture, a PNG of 840x420."""
    with tempfile.TemporaryDirectory() as folder:
        before = write_sample(Path(folder, "sample.mp4"))
        after = efface.redact(before, Path(folder, "redacted.mp4"), kind="HighBlur").output
        picture = np.vstack([_strip(before), _strip(after)])
    target.parent.mkdir(parents=True, exist_ok=True)
    # A palette makes it a third of the size; a repository keeps every version for ever.
    Image.fromarray(picture).quantize(256).save(target, optimize=True)


def _strip(path: Path) -> NDArray[np.uint8]:
    with open_video(path) as reader:
        return np.hstack([frame.rgb(_SIZE) for frame in reader.frames() if frame.index in _FRAMES])


if __name__ == "__main__":
    make_picture(Path(sys.argv[1]))
