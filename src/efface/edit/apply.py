"""Laying corrections over a face index."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from efface.domain.edits import Edits
from efface.domain.errors import RequestError
from efface.domain.track import FaceGroup, FaceTrack
from efface.edit.check import check_edits
from efface.edit.moved_boxes import move_boxes
from efface.index.model import FaceIndex, best_frame


def apply_edits(index: FaceIndex, edits: Edits) -> FaceIndex:
    """The index as a person has corrected it: people split and merged, tracks removed, boxes moved.

    The given index stays as it is. Regions and mutes are no matter of the index; ``plan_redaction`` sees to them.

    Raises:
        IndexMismatchError: the edits are of another video.
        RequestError: they name what the index does not hold.
    """
    check_edits(index, edits)
    if not edits.names_tracks:
        return index
    removed = frozenset(edits.removed_tracks)
    tracks = tuple(
        move_boxes(
            track, [moved for moved in edits.moved_boxes if moved.track_id == track.track_id], index.timeline
        )
        for track in index.tracks
        if track.track_id not in removed
    )
    people = _without_removed(_merged(_split(index.faces, edits), edits), removed)
    by_id = {track.track_id: track for track in tracks}
    faces = tuple(_as_group(group, index, by_id) for group in sorted(people, key=lambda face: face.face_id))
    return replace(
        index,
        tracks=tracks,
        faces=faces,
        thumbnail_frames={
            track_id: frame for track_id, frame in index.thumbnail_frames.items() if track_id in by_id
        },
    )


def _split(faces: Iterable[FaceGroup], edits: Edits) -> dict[int, FaceGroup]:
    """People by id, the new ones too, each still with the thumbnail of where its tracks come from."""
    target = {split.track_id: split.face_id for split in edits.splits}
    people: dict[int, FaceGroup] = {}
    for face in faces:
        for track_id in face.track_ids:
            face_id = target.get(track_id, face.face_id)
            known = people.get(face_id)
            if known is None:
                # A name goes with those who stay.
                name = face.name if face_id == face.face_id else None
                people[face_id] = replace(face, face_id=face_id, track_ids=(track_id,), name=name)
            else:
                people[face_id] = replace(known, track_ids=(*known.track_ids, track_id))
    return people


def _merged(people: dict[int, FaceGroup], edits: Edits) -> dict[int, FaceGroup]:
    merged = dict(people)
    for i, merge in enumerate(edits.merges):
        for face_id in merge:
            if face_id not in merged:
                known = ", ".join(map(str, sorted(people))) or "none"
                raise RequestError(
                    f"edits: merges[{i}] names face {face_id}, which is not there: the faces are {known}"
                )
        group = [merged.pop(face_id) for face_id in sorted(merge)]
        name = next((face.name for face in group if face.name), None)
        track_ids = tuple(track_id for face in group for track_id in face.track_ids)
        merged[group[0].face_id] = replace(group[0], track_ids=track_ids, name=name)
    return merged


def _without_removed(people: dict[int, FaceGroup], removed: frozenset[int]) -> list[FaceGroup]:
    kept = []
    for face in people.values():
        track_ids = tuple(track_id for track_id in face.track_ids if track_id not in removed)
        if track_ids:
            kept.append(replace(face, track_ids=track_ids))
    return kept


def _as_group(face: FaceGroup, index: FaceIndex, tracks: Mapping[int, FaceTrack]) -> FaceGroup:
    """A person with the tracks in order of time, and a thumbnail that is of one of them."""
    ordered = sorted(face.track_ids, key=lambda i: (tracks[i].first_frame, i))
    if face.thumbnail_track in ordered:
        return replace(face, track_ids=tuple(ordered))
    best = max(ordered, key=lambda i: (float(tracks[i].scores.max()), tracks[i].num_frames, -i))
    frame = index.thumbnail_frames.get(best, best_frame(tracks[best]))
    return replace(face, track_ids=tuple(ordered), thumbnail_track=best, thumbnail_frame=frame)
