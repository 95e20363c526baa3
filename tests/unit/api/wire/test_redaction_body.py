"""The body of a redaction: generous in form, strict in what would show a face."""

import time
from typing import Any

import pytest

from efface.api.wire.redaction import REDACTION_SCHEMA, WantedRedaction, read_redaction
from efface.domain.errors import RequestError
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest
from efface.usecases.ordered_edits import WantedEdits

EVERYBODY = RedactionRequest()


def request(kind: BlurringKind, scope: FilterScope, *ids: int) -> RedactionRequest:
    return RedactionRequest(kind, scope, frozenset(ids))


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        ('{"faces":{}}', EVERYBODY),
        ('\ufeff{"faces":{}}', EVERYBODY),
        ('{"Faces": {"BlurringKind": null, "Filter": null}}', EVERYBODY),
        ('{"faces":{"filter":{}}}', EVERYBODY),
        ('{"faces":{"filter":{"ids":[],"scope":"Exclude"}}}', EVERYBODY),
        ('{"faces":{"filter":{"ids":null,"scope":null}}}', EVERYBODY),
        ('{"faces":{}, "name": "passed over"}', EVERYBODY),
        # The article's own example, with its comma too many.
        (
            '{\n    "faces": {\n        "blurringKind": "HighBlur",\n    }\n}',
            RedactionRequest(BlurringKind.HIGH_BLUR),
        ),
        ('{"faces":{"blurringKind":1}}', RedactionRequest(BlurringKind.HIGH_BLUR)),
        ('{"faces":{"blurringKind":"4"}}', RedactionRequest(BlurringKind.BLACK)),
        ('{"faces":{"blurringKind":" lowblur "}}', RedactionRequest(BlurringKind.LOW_BLUR)),
        ('{"faces":{"blurringKind":3.0}}', RedactionRequest(BlurringKind.BOUNDING_BOX)),
        (
            '{"faces":{"blurringKind":"HighBlur","filter":{"ids":[1001, 1016],"scope":"Include"}}}',
            request(BlurringKind.HIGH_BLUR, FilterScope.INCLUDE, 1001, 1016),
        ),
        (
            '{"Faces":{"Filter":{"Ids":["1001", 1016, 1001,],"Scope":" exclude "},},}',
            request(BlurringKind.MEDIUM_BLUR, FilterScope.EXCLUDE, 1001, 1016),
        ),
    ],
)
def test_body_is_read_as_clients_write_it(body: str, meant: RedactionRequest) -> None:
    assert read_redaction(body) == WantedRedaction(meant, WantedEdits())
    assert read_redaction(body.encode()).request == meant


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"faces":{"blurringKind":NaN}}', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        ("{}", "'faces'"),
        ("[]", "'faces'"),
        ('{"faces":null}', "'faces'"),
        ('{"faces":[]}', "'faces'"),
        ('{"faces":"all"}', "'faces'"),
        ('{"faces":{},"Faces":{}}', "twice"),
        ('{"faces":{"blurringKind":"Blur"}}', "'Blur'"),
        ('{"faces":{"blurringKind":5}}', "5"),
        ('{"faces":{"blurringKind":-1}}', "-1"),
        ('{"faces":{"blurringKind":true}}', "true"),
        ('{"faces":{"blurringKind":1.5}}', "1.5"),
        ('{"faces":{"blurringKind":["Black"]}}', "Black"),
        # A misspelt wish must not be taken for none.
        ('{"faces":{"blurKind":"Black"}}', "'blurkind'"),
        ('{"faces":{"filter":{"id":[1001],"scope":"Include"}}}', "'id'"),
        ('{"faces":{"filter":[1001]}}', "'faces.filter'"),
        ('{"faces":{"filter":{"ids":1001,"scope":"Include"}}}', "'faces.filter.ids'"),
        ('{"faces":{"filter":{"ids":["a"],"scope":"Include"}}}', '"a"'),
        ('{"faces":{"filter":{"ids":[true],"scope":"Include"}}}', "true"),
        ('{"faces":{"filter":{"ids":[-1],"scope":"Include"}}}', "-1"),
        ('{"faces":{"filter":{"ids":[1001],"scope":"Only"}}}', '"Only"'),
        ('{"faces":{"filter":{"ids":[1001]}}}', "'faces.filter.scope'"),
        ('{"faces":{"filter":{"ids":[],"scope":"Include"}}}', "empty"),
        ('{"faces":{"filter":{"scope":"Include"}}}', "empty"),
    ],
)
def test_body_is_refused_by_name_when_a_face_might_be_missed(body: Any, named: str) -> None:
    with pytest.raises(RequestError) as refusal:
        read_redaction(body)
    assert named in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_commas_inside_of_texts_stay() -> None:
    with pytest.raises(RequestError, match=r"'a,\}b,\]'"):
        read_redaction('{"faces":{"blurringKind":"a,}b,]"}}')


@pytest.mark.parametrize(
    "pattern", ['"' + '\\"' * 500_000, '"\\' * 500_000, ", " * 500_000, ("," + " " * 999) * 1000]
)
def test_hostile_body_is_refused_at_once(pattern: str) -> None:
    begun = time.process_time()
    with pytest.raises(RequestError):
        read_redaction(pattern)
    # Takes 0.1 s; with backtracking it was an hour.
    assert time.process_time() - begun < 5


def test_described_example_is_accepted() -> None:
    assert REDACTION_SCHEMA["example"]["faces"]["blurringKind"] == "HighBlur"
    assert set(REDACTION_SCHEMA["properties"]["faces"]["properties"]) == {"blurringKind", "filter"}
