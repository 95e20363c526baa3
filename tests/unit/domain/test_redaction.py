"""Reading what a user asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.domain.errors import RequestError
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest


@pytest.mark.parametrize("kind", BlurringKind)
def test_kind_is_read_in_every_form_users_write(kind: BlurringKind) -> None:
    words = kind.name.split("_")
    forms: list[str | int] = [
        int(kind),
        str(int(kind)),
        kind.wire_name,
        kind.wire_name.upper(),
        f" {kind.wire_name} ",
    ]
    forms += ["-".join(words).lower(), "_".join(words)]
    assert {BlurringKind.parse(form) for form in forms} == {kind}
    assert BlurringKind.parse(kind) is kind


def test_names_and_numbers_are_those_of_video_indexer() -> None:
    wire = {int(kind): kind.wire_name for kind in BlurringKind}
    assert wire == {0: "MediumBlur", 1: "HighBlur", 2: "LowBlur", 3: "BoundingBox", 4: "Black"}


@pytest.mark.parametrize("value", ["", "blur", "5", 5, -1, "-1", "High Blur", "1.0", "highblur2"])
def test_unknown_kind_is_refused_and_the_known_ones_are_named(value: str | int) -> None:
    with pytest.raises(RequestError, match=r"is unknown: use one of MediumBlur \(0\)") as caught:
        BlurringKind.parse(value)
    assert repr(value) in str(caught.value)


def test_only_the_box_leaves_faces_visible() -> None:
    assert [kind for kind in BlurringKind if not kind.hides] == [BlurringKind.BOUNDING_BOX]


@given(st.integers(1001, 2000))
def test_default_request_covers_everybody(face_id: int) -> None:
    assert RedactionRequest().covers(face_id)


@given(st.frozensets(st.integers(1001, 1010), min_size=1), st.integers(1001, 1010))
def test_include_and_exclude_are_opposites(face_ids: frozenset[int], face_id: int) -> None:
    include = RedactionRequest(scope=FilterScope.INCLUDE, face_ids=face_ids)
    exclude = RedactionRequest(scope=FilterScope.EXCLUDE, face_ids=face_ids)
    assert include.covers(face_id) is (face_id in face_ids)
    assert exclude.covers(face_id) is not include.covers(face_id)


def test_empty_list_to_include_is_refused() -> None:
    with pytest.raises(RequestError, match="list of faces to include is empty"):
        RedactionRequest(scope=FilterScope.INCLUDE)


def test_request_for_no_face_covers_nobody() -> None:
    assert not RedactionRequest(covers_faces=False).covers(1001)


def test_request_for_no_face_lists_none() -> None:
    with pytest.raises(RequestError, match="leave the list out"):
        RedactionRequest(face_ids=frozenset({1001}), covers_faces=False)
