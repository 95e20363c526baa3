"""What a redaction tells of itself."""

from dataclasses import replace

from efface.domain.edits import Edits, ReviewedRisk
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest
from efface.domain.service import KeptFace
from efface.index.risk import find_risks
from efface.usecases.redaction_facts import redaction_facts
from tests.unit.plan.test_drawn import SHA256, index_of, track

INDEX = index_of(track(1, 5, 20), track(2, 40, 50))
ALL = RedactionRequest(BlurringKind.BLACK)


def test_people_who_stay_visible_are_told_with_the_names_they_had() -> None:
    keeping = RedactionRequest(BlurringKind.BLACK, FilterScope.EXCLUDE, frozenset({1002}))
    facts = redaction_facts(INDEX, keeping, None, {1001: "Ann", 1002: "Zoë"})
    assert (facts.num_hidden, facts.kept) == (1, (KeptFace(1002, "Zoë"),))
    including = RedactionRequest(BlurringKind.BLACK, FilterScope.INCLUDE, frozenset({1002}))
    assert redaction_facts(INDEX, including, None, {}).kept == (KeptFace(1001, None),)


def test_people_are_those_of_the_corrected_index() -> None:
    edits = Edits(SHA256, merges=((1001, 1002),))
    assert redaction_facts(INDEX, ALL, edits, {}).num_hidden == 1


def test_moments_are_open_until_somebody_has_found_them_fine_or_shows_the_person_anyway() -> None:
    risks = find_risks(INDEX)
    assert risks
    assert redaction_facts(INDEX, ALL, None, {}).num_open_risks == len(risks)
    seen = tuple(ReviewedRisk(risk.frame_index, risk.track_id) for risk in risks[1:])
    assert redaction_facts(INDEX, ALL, Edits(SHA256, reviewed=seen), {}).num_open_risks == 1
    nobody = replace(ALL, covers_faces=False)
    assert redaction_facts(INDEX, nobody, None, {}).num_open_risks == 0
    keeping = RedactionRequest(BlurringKind.BLACK, FilterScope.EXCLUDE, frozenset({1002}))
    of_the_kept = sum(risk.track_id == 2 for risk in risks)
    assert of_the_kept > 0
    assert redaction_facts(INDEX, keeping, None, {}).num_open_risks == len(risks) - of_the_kept
