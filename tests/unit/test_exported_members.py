import subprocess
import sys

import pytest

import efface
from efface.domain import errors


def test_all_is_sorted_and_without_duplicates() -> None:
    assert list(efface.__all__) == sorted(set(efface.__all__))


@pytest.mark.parametrize("name", efface.__all__)
def test_every_listed_name_exists(name: str) -> None:
    assert getattr(efface, name) is not None


def test_every_error_is_public() -> None:
    own = {name for name, value in vars(errors).items() if isinstance(value, type) and "Error" in name}
    assert own <= set(efface.__all__)
    assert "Cancelled" in efface.__all__


def test_calls_stay_calls_after_their_modules_are_loaded() -> None:
    """A subpackage of the same name would replace the public function once something imports it."""
    program = (
        "import efface.facade, efface\nprint(all(map(callable, (efface.index, efface.redact, efface.probe))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_import_is_light() -> None:
    program = "import efface, sys\nprint([n for n in ('numpy', 'av', 'cv2', 'openvino') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'deface'"):
        efface.deface  # noqa: B018
