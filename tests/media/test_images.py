"""Real pictures: odd, damaged, hostile and plain ones."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from efface.domain.errors import DamagedMediaError, EffaceError, MediaTooLargeError, UnsupportedMediaError
from efface.media.image import encode_image, read_image, write_image

pytestmark = pytest.mark.media

_AWKWARD = {
    "real/img_1bit.png": None,
    "real/img_1x1.png": None,
    "real/img_broken-exif-tag.jpg": None,
    "real/img_cmyk.jpg": None,
    "real/img_invalid_quantization.jpg": None,
    "derived/jpeg_named.mp4": None,
    "derived/still_image.png": None,
    "real/img_16384x16384.png": MediaTooLargeError,
    "real/img_BlueSquare_truncated.jpg": DamagedMediaError,
    "real/img_image_invalid.jpg": UnsupportedMediaError,
    "real/img_animated.gif": UnsupportedMediaError,
    "real/img_gradient_8bit.tif": UnsupportedMediaError,
    "real/img_image.avif": UnsupportedMediaError,
    "derived/mp4_named.jpg": UnsupportedMediaError,
    "derived/html_named.mp4": UnsupportedMediaError,
}


@pytest.mark.parametrize(("name", "error"), _AWKWARD.items())
def test_awkward_picture_is_written_back_or_refused_in_one_sentence(
    shared: Path, tmp_path: Path, name: str, error: type[EffaceError] | None
) -> None:
    path = shared / "media" / "awkward" / name
    if error is not None:
        with pytest.raises(error) as caught:
            read_image(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        return
    document = read_image(path)
    output = tmp_path / f"out{document.default_suffix}"
    write_image(document, document.editable(), output)
    with Image.open(path) as before, Image.open(output) as after:
        assert after.format == before.format
        assert after.size == before.size
        change = np.asarray(before.convert("RGB"), int) - np.asarray(after.convert("RGB"), int)
    assert np.abs(change).mean() < 1


def test_every_plain_picture_keeps_its_look_and_loses_its_notes(shared: Path) -> None:
    folders = (shared / "media" / "no_faces", shared / "media" / "identity")
    paths = [
        p for folder in folders for p in sorted(folder.iterdir()) if p.suffix in {".jpg", ".jpeg", ".png"}
    ]
    assert len(paths) > 80
    for path in paths:
        document = read_image(path)
        data = encode_image(document, document.editable(), document.format)
        with Image.open(path) as source, Image.open(io.BytesIO(data)) as after:
            before = ImageOps.exif_transpose(source)
            assert after.size == before.size, path
            assert not after.info.keys() & {"exif", "xmp", "photoshop", "comment"}, path
            assert after.info.get("icc_profile") == source.info.get("icc_profile"), path
            change = np.asarray(before.convert("RGB"), int) - np.asarray(after.convert("RGB"), int)
            assert np.abs(change).mean() < 1.5, path
        assert len(data) < 2.2 * path.stat().st_size, path


def test_bomb_is_refused_within_little_memory(shared: Path) -> None:
    bomb = shared / "media" / "awkward" / "real" / "img_16384x16384.png"
    script = (
        "import resource, pathlib, sys\n"
        "from efface.media.image import read_image\n"
        "from efface.domain.errors import MediaTooLargeError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    read_image(pathlib.Path(sys.argv[1]))\n"
        "except MediaTooLargeError:\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    done = subprocess.run(
        [sys.executable, "-c", script, str(bomb)],
        capture_output=True, text=True, check=True, timeout=60, env={"PYTHONPATH": str(source)},
    )  # fmt: skip
    assert int(done.stdout) < 20_000  # kB
