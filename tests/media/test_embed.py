"""Real faces through the real networks."""

from itertools import combinations
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.detect.centerface import CenterFace
from efface.domain.geometry import Size
from efface.domain.track import FaceTrack
from efface.identify.crops import BestCrops, FaceCrop
from efface.identify.embed import DlibEmbedder
from efface.identify.group import group_faces
from efface.inference.session import open_session
from efface.inference.weights import find_weights

pytestmark = [pytest.mark.media, pytest.mark.weights]

PHOTOS = {
    "John_Salley": ("johns_John_Salley_000179_02159509", "johns_John_Salley_000192_02159531"),
    "John_Savage": ("johns_John_Savage_000264_01099001", "johns_John_Savage_000290_01099067"),
    "family1_mom": ("azure_Family1-Mom1", "azure_Family1-Mom2"),
    "family1_daughter": ("azure_Family1-Daughter1", "azure_Family1-Daughter2"),
}


@pytest.fixture(scope="module")
def embedder() -> DlibEmbedder:
    return DlibEmbedder()


@pytest.fixture(scope="module")
def detector() -> CenterFace:
    return CenterFace(open_session(find_weights("centerface").path))


@pytest.fixture(scope="module")
def views(shared: Path, detector: CenterFace) -> dict[str, list[FaceCrop]]:
    folder = shared / "media" / "identity"
    return {
        name: [crop_of(read(folder / f"{file}.jpg"), detector) for file in files]
        for name, files in PHOTOS.items()
    }


def read(path: Path) -> NDArray[np.uint8]:
    bgr = cv2.imread(str(path))
    assert bgr is not None, path
    return np.asarray(bgr[..., ::-1], np.uint8)


def crop_of(rgb: NDArray[np.uint8], detector: CenterFace) -> FaceCrop:
    """View of the largest face."""
    found = detector.detect(np.ascontiguousarray(rgb), 0.4)
    row = int(np.argmax((found.boxes[:, 2:] - found.boxes[:, :2]).prod(axis=1)))
    best = BestCrops()
    assert best.offer(
        "only",
        frame_index=0,
        seconds=0,
        box=found.boxes[row],
        score=float(found.scores[row]),
        landmarks=found.landmarks[row],
        frame_size=Size(rgb.shape[1], rgb.shape[0]),
        cut=lambda window: rgb[window[1] : window[3], window[0] : window[2]],
    )
    return best.take("only")[0]


def without_landmarks(crop: FaceCrop) -> FaceCrop:
    return FaceCrop(
        frame_index=crop.frame_index,
        box=crop.box,
        score=crop.score,
        landmarks=np.full((5, 2), np.nan, np.float32),
        rgb=crop.rgb,
        origin=crop.origin,
        scale=crop.scale,
        quality=crop.quality,
    )


def distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(a - b))


@pytest.mark.parametrize("has_landmarks", [True, False])
def test_two_photos_of_a_person_are_nearer_than_any_two_people(
    views: dict[str, list[FaceCrop]], embedder: DlibEmbedder, has_landmarks: bool
) -> None:
    crops = {n: v if has_landmarks else [without_landmarks(c) for c in v] for n, v in views.items()}
    points = {name: [embedder.embed(crop) for crop in person] for name, person in crops.items()}
    same = [distance(*person) for person in points.values()]
    other = [distance(a, b) for p, q in combinations(points.values(), 2) for a in p for b in q]
    assert max(same) < min(other)


def test_embeddings_are_those_that_dlib_computes(
    shared: Path, detector: CenterFace, embedder: DlibEmbedder
) -> None:
    reference = dlib.face_recognition_model_v1(str(find_weights("dlib-recognition").path))
    photos = sorted((shared / "media" / "identity").glob("*.jpg"))[::3]
    assert len(photos) >= 20
    for photo in photos:
        crop = crop_of(read(photo), detector)
        expected = np.array(reference.compute_face_descriptor(embedder.align(crop)))
        assert np.abs(embedder.embed(crop) - expected).max() < 1e-5, photo.name


def test_mirror_image_is_the_same_person(views: dict[str, list[FaceCrop]], embedder: DlibEmbedder) -> None:
    crop = views["family1_mom"][0]
    assert 0 < distance(embedder.embed(crop), embedder.embed(crop, is_mirrored=True)) < 0.4


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_face_that_lies_on_its_side_is_aligned_upright(
    shared: Path, detector: CenterFace, embedder: DlibEmbedder, quarter_turns: int
) -> None:
    rgb = read(shared / "media" / "identity" / "azure_Family1-Mom1.jpg")
    upright = crop_of(rgb, detector)
    turned = turned_crop(upright, Size(rgb.shape[1], rgb.shape[0]), quarter_turns, rgb)
    difference = embedder.align(upright).astype(int) - embedder.align(turned)
    assert np.abs(difference).mean() < 8
    assert distance(embedder.embed(upright), embedder.embed(turned)) < 0.25


def turned_crop(crop: FaceCrop, size: Size, quarter_turns: int, rgb: NDArray[np.uint8]) -> FaceCrop:
    """The same view in the picture turned clockwise, with landmarks that went along."""
    points = np.concatenate([crop.landmarks, crop.box.reshape(2, 2)]).astype(float)
    width, height = size.width, size.height
    for _ in range(quarter_turns):
        points = np.column_stack([height - points[:, 1], points[:, 0]])
        width, height = height, width
    corners = points[5:]
    best = BestCrops()
    picture = np.rot90(rgb, -quarter_turns)
    assert best.offer(
        "only",
        frame_index=0,
        seconds=0,
        box=np.concatenate([corners.min(axis=0), corners.max(axis=0)]).astype(np.float32),
        score=crop.score,
        landmarks=points[:5].astype(np.float32),
        frame_size=Size(width, height),
        cut=lambda window: picture[window[1] : window[3], window[0] : window[2]],
    )
    return best.take("only")[0]


def test_photos_as_tracks_are_grouped_by_name(
    views: dict[str, list[FaceCrop]], embedder: DlibEmbedder
) -> None:
    in_turn = [(name, crop) for k in range(2) for name, crop in ((n, v[k]) for n, v in views.items())]
    tracks, crops = [], {}
    for track_id, (_, crop) in enumerate(in_turn, 1):
        tracks.append(FaceTrack(track_id, track_id * 10, crop.box[None], np.ones(1, np.float32)))
        crops[track_id] = [crop]
    groups = group_faces(tracks, crops, embedder)
    assert [group.track_ids for group in groups] == [(1, 5), (2, 6), (3, 7), (4, 8)]
