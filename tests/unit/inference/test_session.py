"""Networks on OpenVINO and ONNX Runtime: one answer, whoever runs them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from efface.domain.errors import WeightsError
from efface.inference.session import Backend, NetworkSession, open_session
from efface.inference.weights import find_weights

Picture = NDArray[np.uint8]

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module", params=list(Backend), ids=lambda backend: backend.value)
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NetworkSession:
    """A small network, which is compiled in no time, on each backend."""
    path = save_convolution(tmp_path_factory.mktemp("small") / "small.onnx", channels=3)
    return open_session(path, request.param, threads=2)


def save(path: Path, node: onnx.NodeProto, shape: list[int], weights: NDArray[np.float32]) -> Path:
    """A network of one step from ``in`` and ``w`` to ``out``; its declared input shape is fixed."""
    tensor, kind = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    ends = [tensor("in", kind, shape)], [tensor("out", kind, None)]
    graph = onnx.helper.make_graph([node], "one step", *ends, [onnx.numpy_helper.from_array(weights, "w")])
    opsets = [onnx.helper.make_opsetid("", 13)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def save_convolution(path: Path, *, channels: int) -> Path:
    """Four maps at a quarter of the size, like a detector's."""
    weights = np.random.default_rng(0).normal(size=(4, channels, 4, 4)).astype(np.float32)
    node = onnx.helper.make_node("Conv", ["in", "w"], ["out"], strides=[4, 4])
    return save(path, node, [1, channels, 64, 64], weights)


def save_product(path: Path, shape: list[int]) -> Path:
    """Half of the input; a vector of ten only fits a vector of ten."""
    weights = np.full(10 if shape == [1, 10] else 1, 0.5, np.float32)
    return save(path, onnx.helper.make_node("Mul", ["in", "w"], ["out"]), shape, weights)


def assert_same(a: list[NDArray[np.float32]], b: list[NDArray[np.float32]], tolerance: float) -> None:
    assert [x.shape for x in a] == [y.shape for y in b]
    for x, y in zip(a, b, strict=True):
        assert np.abs(x - y).max() <= tolerance * max(1.0, float(np.abs(y).max()))


def tolerance_of(*sessions: NetworkSession) -> float:
    """bfloat16 keeps 8 bits of each number."""
    return 0.08 if any("bf16" in session.backend for session in sessions) else 1e-3


def test_backends_agree_on_centerface(portrait: Picture) -> None:
    sessions = [open_session(find_weights("centerface").path, backend) for backend in Backend]
    first, second = (session.infer(portrait) for session in sessions)
    assert sessions[0].output_names == sessions[1].output_names
    assert [output.dtype for output in first + second] == [np.dtype(np.float32)] * 8
    assert first[0].max() > 0.5
    assert_same(first, second, tolerance_of(*sessions))


def test_backends_agree_on_yunet(shared: Path, portrait: Picture) -> None:
    weights = shared / "models" / "face_detection_yunet_2023mar.onnx"
    sessions = [open_session(weights, backend, threads=1) for backend in Backend]
    first, second = (session.infer(portrait) for session in sessions)
    assert sessions[0].output_names == sessions[1].output_names
    assert len(first) == 12
    assert_same(first, second, tolerance_of(*sessions))


def test_same_picture_gives_the_same_answer_to_the_bit(session: NetworkSession, portrait: Picture) -> None:
    assert_same(session.infer(portrait), session.infer(portrait), 0)


def test_answer_outlives_the_next_picture(session: NetworkSession, portrait: Picture) -> None:
    answer = session.infer(portrait)
    kept = [output.copy() for output in answer]
    session.infer(255 - portrait)
    assert_same(answer, kept, 0)


def test_pictures_of_many_sizes_take_turns(session: NetworkSession, portrait: Picture) -> None:
    first = session.infer(portrait[:64, :32])
    for side in range(32, 32 * 9, 32):
        heat = session.infer(np.ascontiguousarray(portrait[:64, :side]))[0]
        assert heat.shape == (1, 4, 16, side // 4)
    assert_same(session.infer(portrait[:64, :32]), first, 0)


def test_views_that_are_not_contiguous_are_read_right(session: NetworkSession, portrait: Picture) -> None:
    mirrored = portrait[:, ::-1]
    assert_same(session.infer(mirrored), session.infer(np.ascontiguousarray(mirrored)), 0)


def test_threads_do_not_disturb_each_other(session: NetworkSession, portrait: Picture) -> None:
    pictures = [np.roll(portrait, 16 * i, axis=1)[: 128 + 32 * (i % 2)] for i in range(8)]
    alone = [session.infer(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        for answer, expected in zip(pool.map(session.infer, pictures * 8), alone * 8, strict=True):
            assert_same(answer, expected, 1e-5)


def test_backend_is_named(session: NetworkSession) -> None:
    assert session.backend.split()[0] in {backend.value for backend in Backend}


@pytest.mark.parametrize("name", ["openvino", " OpenVINO ", "OPENVINO"])
def test_backend_is_read_in_any_case(name: str) -> None:
    assert Backend.parse(name) is Backend.OPENVINO


def test_unknown_backend_is_refused() -> None:
    with pytest.raises(WeightsError, match="backend 'tflite' is unknown: use openvino or onnxruntime"):
        Backend.parse("tflite")


def _empty(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("These are no weights.\n")


def _truncated(path: Path) -> None:
    path.write_bytes(find_weights("centerface").path.read_bytes()[:100_000])


def _missing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize("backend", Backend, ids=lambda backend: str(backend.value))
@pytest.mark.parametrize("spoil", [_empty, _text, _truncated, _missing, Path.mkdir])
def test_file_that_is_no_network_is_refused_by_name(
    spoil: Callable[[Path], None], backend: Backend, tmp_path: Path
) -> None:
    path = tmp_path / "weights.onnx"
    spoil(path)
    with pytest.raises(WeightsError, match=r"weights\.onnx"):
        open_session(path, backend)


@pytest.mark.parametrize(
    ("kind", "backend"),
    [
        ("vector", Backend.OPENVINO),
        ("gray", Backend.OPENVINO),
        ("vector", Backend.ONNXRUNTIME),
        ("gray", Backend.ONNXRUNTIME),
        ("scalar", Backend.ONNXRUNTIME),
    ],
)
def test_network_that_takes_no_colour_picture_is_refused(
    kind: str, backend: Backend, portrait: Picture, tmp_path: Path
) -> None:
    path = tmp_path / "odd.onnx"
    if kind == "gray":
        save_convolution(path, channels=1)
    else:
        save_product(path, [1, 10] if kind == "vector" else [])
    with pytest.raises(WeightsError, match=r"odd\.onnx"):
        open_session(path, backend).infer(portrait)


@pytest.mark.parametrize("backend", Backend, ids=lambda backend: str(backend.value))
def test_declared_input_size_is_lifted_and_colours_arrive_in_order(backend: Backend, tmp_path: Path) -> None:
    path = save_product(tmp_path / "fixed.onnx", [1, 3, 32, 32])
    picture = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    (out,) = open_session(path, backend).infer(picture)
    assert np.abs(out[0].transpose(1, 2, 0) - picture * 0.5).max() <= 0.5
