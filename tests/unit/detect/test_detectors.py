"""Both detector families, on a real photograph."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from efface.detect.choice import DetectorChoice, create_detector
from efface.detect.detector import Detector, pad_to_multiple
from efface.detect.yunet import YuNet
from efface.domain.detection import Detections
from efface.domain.errors import WeightsError
from efface.domain.geometry import iou
from efface.inference.session import Backend

Picture = NDArray[np.uint8]
Boxes = NDArray[np.float32]

pytestmark = pytest.mark.weights


def assert_one_face_at(found: Detections, box: Boxes, min_iou: float = 0.7) -> None:
    assert len(found) == 1
    assert iou(found.boxes, box)[0, 0] > min_iou
    left_eye, right_eye, nose, left_mouth, right_mouth = found.landmarks[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    x1, y1, x2, y2 = found.boxes[0]
    assert (found.landmarks[0] > [x1, y1]).all()
    assert (found.landmarks[0] < [x2, y2]).all()


def check_padding(detector: Detector, portrait: Picture, face_box: Boxes) -> None:
    # 191 x 157: neither side divides by 32, and the face fills the picture up to the padded corner.
    cut = np.ascontiguousarray(portrait[10:201, 130:287])
    assert_one_face_at(detector.detect(cut, 0.4), face_box - np.array([130, 10, 130, 10], np.float32))


def check_threshold_and_order(detector: Detector, portrait: Picture) -> None:
    cut = portrait[10:202, 130:290]
    two = np.concatenate([cut, cut[:, ::-1] // 3 + 60], axis=1)
    found = detector.detect(np.ascontiguousarray(two), 0.05)
    assert len(found) >= 2
    assert (np.diff(found.scores) <= 0).all()
    assert ((found.scores >= 0.05) & (found.scores <= 1)).all()
    sure = detector.detect(np.ascontiguousarray(two), 0.5)
    assert np.array_equal(sure.scores, found.scores[found.scores >= 0.5])
    assert np.array_equal(sure.boxes, found.boxes[found.scores >= 0.5])


def check_nothing(detector: Detector) -> None:
    for rgb in (np.zeros((17, 31, 3), np.uint8), np.full((1, 1, 3), 200, np.uint8)):
        found = detector.detect(rgb, 0.3)
        assert len(found) == 0
        assert found.boxes.shape == (0, 4)


def test_centerface_answers_in_pixels_of_a_picture_that_needs_padding(
    centerface: Detector, portrait: Picture, face_box: Boxes
) -> None:
    check_padding(centerface, portrait, face_box)


def test_yunet_answers_in_pixels_of_a_picture_that_needs_padding(
    yunet: Detector, portrait: Picture, face_box: Boxes
) -> None:
    check_padding(yunet, portrait, face_box)


def test_centerface_gives_sure_faces_first_and_keeps_to_the_threshold(
    centerface: Detector, portrait: Picture
) -> None:
    check_threshold_and_order(centerface, portrait)


def test_yunet_gives_sure_faces_first_and_keeps_to_the_threshold(yunet: Detector, portrait: Picture) -> None:
    check_threshold_and_order(yunet, portrait)


def test_centerface_finds_nobody_in_plain_pictures_however_small(centerface: Detector) -> None:
    check_nothing(centerface)


def test_yunet_finds_nobody_in_plain_pictures_however_small(yunet: Detector) -> None:
    check_nothing(yunet)


def test_families_are_told_by_their_outputs(centerface: Detector, yunet: Detector) -> None:
    assert centerface.name.startswith("centerface/openvino")
    assert yunet.name.startswith("yunet/openvino")


def test_backends_find_the_same_face(centerface: Detector, portrait: Picture) -> None:
    other = create_detector(DetectorChoice(backend=Backend.ONNXRUNTIME, threads=1))
    assert other.name.startswith("centerface/onnxruntime")
    cut = np.ascontiguousarray(portrait[10:202, 130:290])
    a, b = centerface.detect(cut, 0.4), other.detect(cut, 0.4)
    assert len(a) == len(b) == 1
    assert np.abs(a.boxes - b.boxes).max() < 4
    assert np.abs(a.scores - b.scores).max() < 0.05


def test_weights_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"none\.onnx do not exist"):
        create_detector(DetectorChoice(weights=tmp_path / "none.onnx"))


def save_network(path: Path, outputs: int, shape: Callable[[int], list[int]]) -> Path:
    """A network for pictures with so many outputs."""
    tensor = onnx.helper.make_tensor_value_info
    nodes = [onnx.helper.make_node("ReduceMean", ["in"], [f"out{i}"], axes=shape(i)) for i in range(outputs)]
    ends = [tensor(f"out{i}", onnx.TensorProto.FLOAT, None) for i in range(outputs)]
    graph = onnx.helper.make_graph(
        nodes, "means", [tensor("in", onnx.TensorProto.FLOAT, [1, 3, 64, 64])], ends
    )
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), path
    )
    return path


@pytest.mark.parametrize("backend", Backend, ids=lambda backend: str(backend.value))
def test_network_of_no_known_family_is_refused_and_its_outputs_named(
    backend: Backend, tmp_path: Path
) -> None:
    path = save_network(tmp_path / "other.onnx", 2, lambda i: [i + 1])
    with pytest.raises(WeightsError, match=r"other\.onnx has the outputs out0, out1, .* CenterFace or YuNet"):
        create_detector(DetectorChoice(weights=path, backend=backend))


def test_yunet_without_an_output_is_refused() -> None:
    class Half:
        backend = "none"
        output_names = ("cls_8", "obj_8", "bbox_8", "kps_8")

        def infer(self, picture: Picture) -> list[NDArray[np.float32]]:
            raise AssertionError("never run")

    with pytest.raises(WeightsError, match=r"outputs bbox_16, bbox_32, .* are missing"):
        YuNet(Half())


@pytest.mark.parametrize(
    ("shape", "padded"), [((32, 64), (32, 64)), ((33, 64), (64, 64)), ((1, 31), (32, 32))]
)
def test_padding_adds_black_below_and_right(shape: tuple[int, int], padded: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), 7, np.uint8)
    result = pad_to_multiple(picture)
    assert result.shape == (*padded, 3)
    assert (result[: shape[0], : shape[1]] == 7).all()
    assert int(result.sum()) == picture.size * 7
