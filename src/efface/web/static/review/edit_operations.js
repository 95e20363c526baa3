/** What a person corrects, as pure changes of an "efface-edits" document: each takes a document and gives another. */

/** @typedef {import("./tracks.js").Box} Box */
/** @typedef {{frame: number, box: Box}} Keyframe */
/** @typedef {{id: number, label: string, kind: string | null, first_frame: number, end_frame: number, is_followed: boolean,
 *   keyframes: Keyframe[], path?: unknown}} Region */
/** @typedef {[number | string, number | string]} Mute seconds of the video's own clock, fractions as text */
/** @typedef {{format: string, version: number, source_sha256: string, index_digest?: string | null, merges: number[][], splits: {track: number, face: number}[],
 *   removed_tracks: number[], moved_boxes: {track: number, frame: number, box: Box}[], regions: Region[], mutes: Mute[],
 *   reviewed: {frame: number, track: number | null}[]}} Document */
/** @typedef {{id: number, tracks: {id: number, firstFrame?: number, endFrame?: number}[]}} DetectedFace a person before any correction */
/** @typedef {(document: Document) => Document} Operation */

/** A document that corrects nothing. @param {string} sha256 of the video @returns {Document} */
export function emptyDocument(sha256) {
  return completed({ source_sha256: sha256 });
}

/** A document with every list there. @param {Partial<Document>} document @returns {Document} */
export function completed(document) {
  const lists = { merges: [], splits: [], removed_tracks: [], moved_boxes: [], regions: [], mutes: [], reviewed: [] };
  return /** @type {Document} */ ({ format: "efface-edits", version: 1, ...lists, ...document });
}

/**
 * People as one. @param {number[]} faceIds as corrected so far @param {DetectedFace[]} detected
 * @returns {Operation}
 */
export function mergeFaces(faceIds, detected) {
  return (document) => {
    const groups = document.merges.map((merge) => new Set(merge));
    const joined = new Set(faceIds);
    const apart = [];
    for (const group of groups) {
      if (faceIds.some((id) => group.has(id))) group.forEach((id) => joined.add(id));
      else apart.push([...group]);
    }
    return tidied({ ...document, merges: [...apart, ascending(joined)] }, detected);
  };
}

/**
 * Tracks taken off their person, together as one new person.
 * @param {number[]} trackIds @param {number} faceId an id that nobody has or had @param {DetectedFace[]} detected
 * @returns {Operation}
 */
export function splitTracks(trackIds, faceId, detected) {
  return (document) => {
    const others = document.splits.filter((split) => !trackIds.includes(split.track));
    const splits = [...others, ...trackIds.map((track) => ({ track, face: faceId }))];
    return tidied({ ...document, splits }, detected);
  };
}

/** A track that shows no face. @param {number} trackId @returns {Operation} */
export function removeTrack(trackId) {
  return (document) => ({
    ...document,
    removed_tracks: ascending(new Set([...document.removed_tracks, trackId])),
    moved_boxes: document.moved_boxes.filter((moved) => moved.track !== trackId),
  });
}

/** A track's box put right in one frame. @param {number} trackId @param {number} frame @param {Box} box @returns {Operation} */
export function moveBox(trackId, frame, box) {
  return (document) => ({
    ...document,
    moved_boxes: [...document.moved_boxes.filter((moved) => moved.track !== trackId || moved.frame !== frame), { track: trackId, frame, box }],
  });
}

/** A track that shows a face after all. @param {number} trackId @returns {Operation} */
export function restoreTrack(trackId) {
  return (document) => ({ ...document, removed_tracks: document.removed_tracks.filter((id) => id !== trackId) });
}

/** A track's box in one frame as it was found. @param {number} trackId @param {number} frame @returns {Operation} */
export function restoreBox(trackId, frame) {
  return (document) => ({ ...document, moved_boxes: document.moved_boxes.filter((moved) => moved.track !== trackId || moved.frame !== frame) });
}

/** @param {Omit<Region, "id">} region @returns {Operation} */
export function addRegion(region) {
  return (document) => ({ ...document, regions: [...document.regions, { id: nextRegionId(document), ...region }] });
}

/** The id that a region gets which is added now. @param {Document} document */
export function nextRegionId(document) {
  return Math.max(0, ...document.regions.map((region) => region.id)) + 1;
}

/**
 * Change what a region is called, how it is hidden, or from when to when. Key frames stay within.
 * @param {number} id @param {Partial<Region>} changes @returns {Operation}
 */
export function changeRegion(id, changes) {
  return changed(id, (region) => {
    const next = { ...region, ...changes };
    const keyframes = next.keyframes.filter((key) => key.frame >= next.first_frame && key.frame < next.end_frame);
    // A region is drawn somewhere: at its nearer end if none of its key frames is left.
    const frame = Math.min(Math.max(region.keyframes[0].frame, next.first_frame), next.end_frame - 1);
    next.keyframes = keyframes.length ? keyframes : [{ frame, box: region.keyframes[0].box }];
    return next;
  });
}

/** A region's box drawn in a frame, which then is a key frame of it. @param {number} id @param {number} frame @param {Box} box @returns {Operation} */
export function drawRegion(id, frame, box) {
  return changed(id, (region) => ({
    ...region,
    first_frame: Math.min(region.first_frame, frame),
    end_frame: Math.max(region.end_frame, frame + 1),
    keyframes: [...region.keyframes.filter((key) => key.frame !== frame), { frame, box }].sort((a, b) => a.frame - b.frame),
  }));
}

/** @param {number} id @returns {Operation} */
export function deleteRegion(id) {
  return (document) => ({ ...document, regions: document.regions.filter((region) => region.id !== id) });
}

/** No sound for a span. @param {Mute} span @returns {Operation} */
export function addMute(span) {
  return (document) => ({ ...document, mutes: [...document.mutes, span] });
}

/** @param {number} at place in the list @returns {Operation} */
export function deleteMute(at) {
  return (document) => ({ ...document, mutes: document.mutes.filter((_, i) => i !== at) });
}

/** A risk that was looked at and is fine, or is open again. @param {number} frame @param {number | null} track @param {boolean} isFine @returns {Operation} */
export function review(frame, track, isFine) {
  return (document) => {
    const reviewed = document.reviewed.filter((each) => each.frame !== frame || (each.track ?? null) !== track);
    return { ...document, reviewed: isFine ? [...reviewed, { frame, track }] : reviewed };
  };
}

/** What names people and tracks of an index that is gone, taken out; what was drawn and muted stays. @returns {Operation} */
export function withoutPeople() {
  const nobody = { merges: [], splits: [], removed_tracks: [], moved_boxes: [], reviewed: [], index_digest: null };
  return (document) => ({ ...document, ...nobody });
}

/** An id above all that are or were somebody's. @param {Document} document @param {DetectedFace[]} detected */
export function freeFaceId(document, detected) {
  const known = [1000, ...detected.map((face) => face.id), ...document.splits.map((split) => split.face), ...document.merges.flat()];
  return known.reduce((a, b) => Math.max(a, b)) + 1;
}

/** @param {number} id @param {(region: Region) => Region} change @returns {Operation} */
function changed(id, change) {
  return (document) => ({
    ...document,
    regions: document.regions.map((region) => {
      if (region.id !== id) return region;
      // A path that was followed for other key frames would not fit them.
      const { path: _path, ...rest } = change(region);
      return rest;
    }),
  });
}

/** Merges name only people who are left once the splits are done; the service refuses others. @param {Document} document @param {DetectedFace[]} detected @returns {Document} */
function tidied(document, detected) {
  const target = new Map(document.splits.map((split) => [split.track, split.face]));
  const there = new Set(detected.flatMap((face) => face.tracks.map((track) => target.get(track.id) ?? face.id)));
  const merges = document.merges.map((merge) => merge.filter((id) => there.has(id))).filter((merge) => merge.length > 1);
  return { ...document, merges };
}

/** @param {Iterable<number>} numbers */
function ascending(numbers) {
  return [...numbers].sort((a, b) => a - b);
}
