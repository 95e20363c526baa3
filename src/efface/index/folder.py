"""The index folder: ``clip.efface/`` with index.json, faces.json, thumbnails.zip and contact-sheet.png.

``index.json`` is the truth; the others are views of it for people and other programs, never read back.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from efface.domain.errors import IndexFormatError, OutputError
from efface.index.codec import decode_index, encode_index
from efface.index.contact_sheet import contact_sheet_png
from efface.index.faces_json import iter_faces_json
from efface.index.model import FaceIndex
from efface.index.thumbnails import CropsByTrack, thumbnails_zip

INDEX_FILE = "index.json"
FACES_FILE = "faces.json"
THUMBNAILS_FILE = "thumbnails.zip"
SHEET_FILE = "contact-sheet.png"


def load_index(path: Path) -> FaceIndex:
    """Read an index, given its folder or its ``index.json``.

    Raises:
        IndexFormatError: it is missing or not a face index; names file and field.
    """
    if path.is_dir():
        if not (path / INDEX_FILE).is_file():
            raise IndexFormatError(
                f"{path} holds no {INDEX_FILE}: give a folder that `efface index` has made"
            )
        return decode_index(path / INDEX_FILE)
    return decode_index(path)


def write_index(folder: Path, index: FaceIndex, crops: CropsByTrack | None = None) -> tuple[Path, ...]:
    """Write an index folder, whole or not at all.

    A new folder appears under its name with all files in it. In an existing index folder each file is
    replaced in one step, ``index.json`` last, and files that efface did not make stay.

    Args:
        folder: where; made if missing, its parents too.
        index: the faces.
        crops: pictures for thumbnails and contact sheet; with None those two are neither made nor touched.

    Returns:
        The files written.

    Raises:
        OutputError: the folder holds something else, or the disk refuses.
    """
    files: dict[str, Callable[[], Iterable[bytes]]] = {}
    if crops is not None:
        pictures = crops
        files[THUMBNAILS_FILE] = lambda: [thumbnails_zip(index, pictures)]
        files[SHEET_FILE] = lambda: [contact_sheet_png(index, pictures)]
    files[FACES_FILE] = lambda: (text.encode("utf-8") for text in iter_faces_json(index))
    files[INDEX_FILE] = lambda: (text.encode("utf-8") for text in encode_index(index))
    try:
        is_new = refuse_foreign(folder)
        with _workshop(folder, is_new) as prepared:
            for name, content in files.items():
                _write_file(prepared / name, content())
            if is_new:
                prepared.rename(folder)
            else:
                for name in files:
                    (prepared / name).replace(folder / name)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from error
    return tuple(folder / name for name in files)


def refuse_foreign(folder: Path) -> bool:
    """True if an index folder is yet to be made.

    Raises:
        OutputError: it is a file, or holds files of an index's names that are of no index.
    """
    if not folder.exists():
        return True
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file: choose another name for the index folder")
    ours = [
        name for name in (INDEX_FILE, FACES_FILE, THUMBNAILS_FILE, SHEET_FILE) if (folder / name).exists()
    ]
    if ours and not _is_index(folder / INDEX_FILE):
        raise OutputError(
            f"{folder / ours[0]} is not of a face index: choose another folder, or move the file"
        )
    return False


def _is_index(path: Path) -> bool:
    """Whether a file starts like an index; a damaged one may be replaced, so it need not be readable."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(200)
    if b'"format":"efface-index"' in head.replace(b" ", b""):
        return True
    try:
        decode_index(path)  # an editor may have sorted the keys
    except IndexFormatError:
        return False
    return True


@contextmanager
def _workshop(folder: Path, is_new: bool) -> Iterator[Path]:
    """A hidden folder on the same disk in which the files are prepared; it never outlives the block."""
    if is_new:
        folder.parent.mkdir(parents=True, exist_ok=True)
    place = folder.parent if is_new else folder
    private = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=place))
    prepared = private / "index"  # a folder of its own: mkdtemp's is closed to other users
    try:
        prepared.mkdir()
        yield prepared
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _write_file(path: Path, content: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        for piece in content:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
