"""A short clip to try efface on: a public-domain portrait, panned and zoomed, with a generated tone.

The picture is NASA's portrait of Eileen Collins, which the distribution scikit-image carries; its file is
located and read, the library is not imported.
"""

import importlib.metadata
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import MediaNotFoundError, OutputError

_WIDTH, _HEIGHT = 640, 480
_FRAME_RATE = 25
_NUM_FRAMES = 100
_SAMPLE_RATE = 44_100
_AUDIO_FRAME = 1024
"""Samples that one AAC packet holds."""
_WINDOWS = np.array([[256, 200, 512], [300, 215, 420], [205, 150, 300], [240, 135, 230], [256, 200, 480]])
"""Centre x, centre y and width of the part of the picture in view, in its pixels, at even steps of time."""


def find_sample_picture() -> Path:
    """Path of the portrait, 512x512 PNG.

    Raises:
        MediaNotFoundError: scikit-image is not installed.
    """
    try:
        distribution = importlib.metadata.distribution("scikit-image")
    except importlib.metadata.PackageNotFoundError as error:
        raise MediaNotFoundError(
            "the sample picture is not installed: install the distribution scikit-image"
        ) from error
    path = Path(str(distribution.locate_file("skimage/data/astronaut.png")))
    if not path.is_file():
        raise MediaNotFoundError(f"{path} is missing: install the distribution scikit-image again")
    return path


def write_sample_clip(path: Path) -> None:
    """Write the clip: 4 s, 640x480, 25 frames/s, H.264 with an AAC tone, in MP4 whatever the suffix.

    Args:
        path: where to write, replaced if it exists; its folder must exist.

    Raises:
        MediaNotFoundError: the picture is not installed.
        OutputError: the file cannot be written.
    """
    picture = _load_picture()
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            quality = {"crf": "18", "preset": "veryfast"}
            video = container.add_stream("libx264", rate=_FRAME_RATE, options=quality)
            video.width, video.height, video.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
            audio = container.add_stream("aac", rate=_SAMPLE_RATE, layout="mono")
            for frame in _tone():
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
            for index in range(_NUM_FRAMES):
                frame_bgr = _view(picture, index / (_NUM_FRAMES - 1))
                container.mux(video.encode(av.VideoFrame.from_ndarray(frame_bgr, format="bgr24")))
            container.mux(video.encode(None))
    except (av.FFmpegError, OSError) as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}): choose another output") from error


def _load_picture() -> NDArray[np.uint8]:
    path = find_sample_picture()
    picture_bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture_bgr is None:
        raise MediaNotFoundError(f"{path} is no picture: install the distribution scikit-image again")
    return np.asarray(picture_bgr, np.uint8)


def _view(picture_bgr: NDArray[np.uint8], progress: float) -> NDArray[np.uint8]:
    """(480, 640, 3) BGR part of the picture that is in view at ``progress`` in [0, 1] through the clip."""
    steps = np.linspace(0, 1, len(_WINDOWS))
    # A cosine between the windows starts and ends each move gently, as a hand on a camera does.
    segment = min(int(progress * (len(_WINDOWS) - 1)), len(_WINDOWS) - 2)
    within = (progress - steps[segment]) / (steps[segment + 1] - steps[segment])
    eased = (1 - np.cos(np.pi * within)) / 2
    x, y, width = _WINDOWS[segment] + (_WINDOWS[segment + 1] - _WINDOWS[segment]) * eased
    scale = width / _WIDTH
    window_to_picture = np.array(
        [[scale, 0, x - width / 2], [0, scale, y - width * _HEIGHT / _WIDTH / 2]], np.float32
    )
    view = cv2.warpAffine(
        picture_bgr,
        window_to_picture,
        (_WIDTH, _HEIGHT),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(view, np.uint8)


def _tone() -> Iterator[av.AudioFrame]:
    """A soft two-note tone as long as the picture, in frames of one packet each."""
    num_samples = _NUM_FRAMES * _SAMPLE_RATE // _FRAME_RATE
    seconds = np.arange(num_samples) / _SAMPLE_RATE
    chord = np.sin(2 * np.pi * 220 * seconds) + np.sin(2 * np.pi * 330 * seconds)
    samples = (0.1 * chord * np.sin(np.pi * seconds / seconds[-1])).astype(np.float32)
    for start in range(0, num_samples, _AUDIO_FRAME):
        frame = av.AudioFrame.from_ndarray(
            samples[None, start : start + _AUDIO_FRAME], format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = _SAMPLE_RATE, start
        frame.time_base = Fraction(1, _SAMPLE_RATE)
        yield frame
