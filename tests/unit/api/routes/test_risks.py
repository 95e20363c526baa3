"""Risks over HTTP."""

from efface.api.wire.risks import RISK_WORDS
from efface.index.risk import find_risks
from tests.fakes.api_in_process import ApiInProcess
from tests.fakes.sample_index import sample_index
from tests.unit.api.routes.test_edits import index_once_more, save


def test_worst_moments_come_first_and_say_why(api: ApiInProcess) -> None:
    video = api.indexed()
    answer = api.call("GET", f"/Videos/{video.video_id}/Risks")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    expected = find_risks(sample_index("ab" * 32))
    assert len(expected) > 1, "the sample has tracks that end in view"
    assert (found["total"], found["numOpen"]) == (len(expected), len(expected))
    assert [(risk["frame"], risk["trackId"], risk["faceId"]) for risk in found["risks"]] == [
        (risk.frame_index, risk.track_id, risk.face_id) for risk in expected
    ]
    assert found["risks"][0]["reasons"] == [RISK_WORDS[reason] for reason in expected[0].reasons]
    assert "EndsInView" in RISK_WORDS.values()
    assert found["risks"][0]["isReviewed"] is False


def test_limit_cuts_the_list_and_not_the_counts(api: ApiInProcess) -> None:
    path = f"/Videos/{api.indexed().video_id}/Risks"
    whole, cut = api.call("GET", path).json(), api.call("GET", f"{path}?limit=1").json()
    assert cut["risks"] == whole["risks"][:1]
    assert cut["total"] == whole["total"]
    for limit in ("0", "201", "many"):
        assert api.call("GET", f"{path}?limit={limit}").status_code == 400


def test_reviewed_moment_is_marked_until_the_video_is_indexed_anew(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}/Risks"
    first = api.call("GET", path).json()
    worst = first["risks"][0]
    seen = [{"frame": worst["frame"], "track": worst["trackId"]}, {"frame": 5, "track": 99}]
    assert save(api, video, 0, reviewed=seen).status_code == 200
    found = api.call("GET", path).json()
    assert [risk["isReviewed"] for risk in found["risks"]] == [True] + [False] * (first["total"] - 1)
    assert (found["total"], found["numOpen"]) == (first["total"], first["total"] - 1)
    assert api.call("GET", f"{path}?edits=0").json()["numOpen"] == first["total"]
    index_once_more(api, video)
    assert api.call("GET", path).json()["numOpen"] == first["total"]


def test_removed_track_is_no_risk_any_more(api: ApiInProcess) -> None:
    video = api.indexed()
    save(api, video, 0, removed_tracks=[2])
    risks = api.call("GET", f"/Videos/{video.video_id}/Risks").json()["risks"]
    assert risks
    assert 2 not in {risk["trackId"] for risk in risks}
