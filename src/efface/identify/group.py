"""Tracks + views → people."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from efface.domain.track import FaceGroup, FaceTrack
from efface.identify.cluster import cluster_apart
from efface.identify.crops import FaceCrop
from efface.identify.embed import Embedder
from efface.identify.links import find_links
from efface.identify.quality import trust_of

FIRST_FACE_ID = 1001
_MIN_SIDE_PX = 20.0
"""Below this, strangers are as close as views of one person."""
_MAX_VIEWS = 3
"""Views embedded per face; each costs about 9 ms."""
_WORTH = 0.5
"""A view is left out when its trust is below this share of the best one's."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceSignature:
    """Who a face is, as far as its views tell."""

    embedding: NDArray[np.float32]
    """(d,) mean embedding."""
    trust: float
    """Mean trust of the views, in [0, 1]."""


def group_faces(
    tracks: Sequence[FaceTrack], crops: Mapping[int, Sequence[FaceCrop]], embedder: Embedder
) -> tuple[FaceGroup, ...]:
    """Say which tracks show the same person.

    Two tracks seen in one frame are two people, unless they lie on the same spot. A track without a usable
    view (under 20 px) is a person of its own. Nothing is embedded for tracks that could not be joined to
    any other.

    Args:
        tracks: all tracks of the video.
        crops: views by track id; tracks may be missing.
        embedder: tells people apart.

    Returns:
        One group per person, ids from 1001 in order of first appearance.
    """
    ordered = sorted(tracks, key=lambda track: (track.first_frame, track.track_id))
    links = find_links(ordered)
    faces = _components(len(ordered), links.same)
    views = [_usable_views(crops, (ordered[i] for i in face)) for face in faces]
    may_join = _may_join(faces, links.apart)
    has_view = np.array([bool(v) for v in views], bool)
    may_join &= has_view[:, None] & has_view[None, :]
    asked = np.flatnonzero(may_join.any(axis=1))
    signatures = [sign_face(views[k], embedder) for k in asked]
    ratios = _distance_ratios(signatures, embedder.person_distance)
    ratios[~may_join[np.ix_(asked, asked)]] = np.inf
    labels = np.arange(len(faces), dtype=np.intp)
    labels[asked] = asked[cluster_apart(ratios, 1.0)]
    people: dict[int, list[FaceTrack]] = defaultdict(list)
    for face, label in zip(faces, labels, strict=True):
        people[int(label)] += [ordered[i] for i in face]
    return _numbered(people.values(), crops)


def sign_face(views: Sequence[FaceCrop], embedder: Embedder) -> FaceSignature:
    """Average the embeddings of the best views of one face, weighted by trust.

    Every other view is mirrored, a single view is taken both ways: that evens out the side the head is
    turned to (equal error rate 0.02 % against 0.06 % on portraits) and costs nothing where there are two
    views or more.

    Args:
        views: at least one view.
        embedder: gives the embeddings.
    """
    best = sorted(views, key=lambda v: (-v.quality, v.frame_index))[:_MAX_VIEWS]
    trusts = [trust_of(view.side_px, view.score) for view in best]
    floor = _WORTH * max(trusts)
    worthy = [pair for pair in zip(best, trusts, strict=True) if pair[1] >= floor]
    if len(worthy) == 1:
        worthy *= 2
    trust = np.array([trust for _, trust in worthy])
    embeddings = [embedder.embed(view, is_mirrored=k % 2 == 1) for k, (view, _) in enumerate(worthy)]
    mean = np.average(np.stack(embeddings), axis=0, weights=trust + 0.05).astype(np.float32)
    return FaceSignature(mean, float(trust.mean()))


def _distance_ratios(signatures: Sequence[FaceSignature], person_distance: float) -> NDArray[np.float32]:
    """(n, n) distances as shares of what each pair may be apart: at most 1 for one person.

    A pair of poor views has to be nearer to count as one person, down to half the distance, because poor
    views of strangers are alike (see ``trust_of``). A poor view beside a good one is less of a risk: the
    nearest 1 % of strangers are 0.50 apart where one face has over 100 px and the other 26 to 40, so the
    mean trust decides.
    """
    if not signatures:
        return np.zeros((0, 0), np.float32)
    embeddings = np.stack([s.embedding for s in signatures]).astype(np.float64)
    trust = np.array([s.trust for s in signatures])
    allowed = person_distance * (0.5 + 0.25 * (trust[:, None] + trust[None, :]))
    squares = (embeddings**2).sum(axis=1)
    squared = squares[:, None] + squares[None, :] - 2 * embeddings @ embeddings.T
    return np.asarray(np.sqrt(np.clip(squared, 0, None)) / allowed, np.float32)


def _components(num_tracks: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Tracks joined by ``pairs``, each list ascending, in order of their first track."""
    root = list(range(num_tracks))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    for i, j in sorted(pairs):
        a, b = sorted((find(i), find(j)))
        root[b] = a
    members: dict[int, list[int]] = defaultdict(list)
    for i in range(num_tracks):
        members[find(i)].append(i)
    return list(members.values())


def _may_join(faces: Sequence[Sequence[int]], apart: Iterable[tuple[int, int]]) -> NDArray[np.bool_]:
    """(n, n) False where two faces hold tracks that are two people, and on the diagonal."""
    face_of = {track: k for k, face in enumerate(faces) for track in face}
    may_join = ~np.eye(len(faces), dtype=bool)
    for i, j in apart:
        a, b = face_of[i], face_of[j]
        may_join[a, b] = may_join[b, a] = False
    return may_join


def _usable_views(crops: Mapping[int, Sequence[FaceCrop]], tracks: Iterable[FaceTrack]) -> list[FaceCrop]:
    views = (view for track in tracks for view in crops.get(track.track_id, ()))
    return [view for view in views if view.side_px >= _MIN_SIDE_PX]


def _numbered(
    people: Iterable[Sequence[FaceTrack]], crops: Mapping[int, Sequence[FaceCrop]]
) -> tuple[FaceGroup, ...]:
    in_order = [sorted(person, key=lambda t: (t.first_frame, t.track_id)) for person in people]
    in_order.sort(key=lambda person: (person[0].first_frame, person[0].track_id))
    groups = []
    for face_id, person in enumerate(in_order, FIRST_FACE_ID):
        track_id, frame_index = _thumbnail(person, crops)
        ids = tuple(track.track_id for track in person)
        groups.append(FaceGroup(face_id, ids, thumbnail_frame=frame_index, thumbnail_track=track_id))
    return tuple(groups)


def _thumbnail(person: Sequence[FaceTrack], crops: Mapping[int, Sequence[FaceCrop]]) -> tuple[int, int]:
    """Track and frame that show the person best."""
    views = [(view, track.track_id) for track in person for view in crops.get(track.track_id, ())]
    if views:
        view, track_id = min(views, key=lambda v: (-v[0].quality, v[0].frame_index, v[1]))
        return track_id, view.frame_index
    track = max(person, key=lambda t: float(t.scores.max()))
    return track.track_id, track.first_frame + int(track.scores.argmax())
