/**
 * What a box that was moved by hand does to the boxes of the frames around it: the rule that the engine blends by, so
 * that it is seen before the service has answered; and from when to when it reaches.
 */

import { lastAtMost } from "./tracks.js";

/** @typedef {import("./tracks.js").Box} Box */
/** @typedef {import("./tracks.js").TrackSpan} TrackSpan */
/** @typedef {{frame: number, box: Box, offset: Box}} Correction a box put right, and by how much each edge of what is known was off */
/** @typedef {{frame: number, start: number, end: number}} Reach the frame that was put right; frames whose boxes it may have changed */

/** Seconds within which a correction fades out before the first and after the last corrected frame of a track. */
export const FADE_S = 0.5;

/**
 * A box of a track as its corrections change it; null where they do not reach.
 * @param {Box} box as known @param {number} time of its frame in seconds @param {Correction[]} corrections of its track, at least one, in order of frames
 * @param {(frame: number) => number} timeOf when a frame begins, in seconds @returns {Box | null}
 */
export function blendedBox(box, time, corrections, timeOf) {
  const times = corrections.map((each) => timeOf(each.frame));
  const beyond = Math.max(times[0] - time, time - times[times.length - 1]);
  const weight = Math.min(1, 1 - beyond / FADE_S);
  if (weight <= 0) return null;
  const next = times.findIndex((each) => each >= time);
  const b = next === -1 ? times.length - 1 : next;
  const a = next <= 0 ? b : next - 1;
  const share = a === b ? 0 : (time - times[a]) / (times[b] - times[a]);
  /** @param {(correction: Correction) => number} valueOf */
  const mixed = (valueOf) => {
    const [from, to] = [valueOf(corrections[a]), valueOf(corrections[b])];
    return from + (to - from) * share;
  };
  const [x1, y1, x2, y2] = box.map((edge, i) => edge + weight * mixed((each) => each.offset[i]));
  // Whoever enlarged a box did not mean to have the frames beside it barer.
  const width = Math.max(0, mixed((each) => each.box[2] - each.box[0]) - (x2 - x1)) / 2;
  const height = Math.max(0, mixed((each) => each.box[3] - each.box[1]) - (y2 - y1)) / 2;
  return [x1 - width, y1 - height, x2 + width, y2 + height];
}

/**
 * How far each correction of a track reaches: to the next one, and before the first and after the last until it has faded.
 * @param {number[]} frames that were put right, in any order @param {TrackSpan} track @param {(frame: number) => number} timeOf @returns {Reach[]} in order
 */
export function reachesOf(frames, track, timeOf) {
  const ordered = [...frames].sort((a, b) => a - b);
  const count = track.endFrame - track.firstFrame;
  const timeAt = (/** @type {number} */ i) => timeOf(track.firstFrame + i);
  // A thousandth of a second apart is the same time, which came through floating point.
  const faded = (/** @type {number} */ frame) => track.firstFrame + lastAtMost(count, timeAt, timeOf(frame) + FADE_S - 1e-3) + 1;
  const begun = (/** @type {number} */ frame) => {
    const limit = timeOf(frame) - FADE_S + 1e-3;
    return timeAt(0) > limit ? track.firstFrame : track.firstFrame + lastAtMost(count, timeAt, limit) + 1;
  };
  return ordered.map((frame, i) => ({
    frame,
    start: i === 0 ? begun(frame) : ordered[i - 1] + 1,
    end: i === ordered.length - 1 ? faded(frame) : ordered[i + 1],
  }));
}

/**
 * What all corrections of boxes change, by track; those of tracks that are gone change nothing.
 * @param {import("./edit_operations.js").Document["moved_boxes"]} moved @param {import("./tracks.js").TrackStore} tracks @returns {Map<number, Reach[]>}
 */
export function reachesByTrack(moved, tracks) {
  /** @type {Map<number, number[]>} */
  const frames = new Map();
  for (const { track, frame } of moved) frames.set(track, [...(frames.get(track) ?? []), frame]);
  const found = new Map();
  for (const [id, each] of frames) {
    const track = tracks.trackOf(id);
    if (track) found.set(id, reachesOf(each, track, (frame) => tracks.timeOfFrame(frame)));
  }
  return found;
}

/** Boxes as the service has them, made to show corrections that it has not blended in yet. */
export class PendingMoves {
  /** @type {Map<number, Map<number, Box>>} by track and frame */
  #now = new Map();
  /** @type {unknown[]} what #now was made of */
  #madeOf = [];

  /**
   * @param {import("./tracks.js").TrackStore} tracks @param {import("./edits.js").EditsStore} edits
   */
  constructor(tracks, edits) {
    this.tracks = tracks;
    this.edits = edits;
  }

  /**
   * The boxes of a frame, with what is dragged at the moment.
   * @param {import("./tracks.js").FaceBox} known @param {number} frame @param {{sort: string, id: number, frame: number, box: Box} | null} draft
   * @returns {{box: Box, isGuess: boolean}} a guess until the service has blended it
   */
  at({ trackId, box }, frame, draft) {
    const drafted = draft?.sort === "face" ? draft : null;
    const before = this.edits.movedAt(this.tracks.revisionAt(frame));
    const { moved_boxes: moved } = this.edits.document;
    if ((moved === before && !drafted) || this.edits.isStale) return { box, isGuess: false };
    const now = this.#moves(moved, drafted).get(trackId) ?? new Map();
    const exact = now.get(frame);
    if (exact) return { box: exact, isGuess: false };
    const old = new Map(before.filter((each) => each.track === trackId).map((each) => [each.frame, each.box]));
    if (old.size === now.size && [...now].every(([at, each]) => isSame(old.get(at), each))) return { box, isGuess: false };
    // What was taken back is nowhere but at the service: its place is told to be a guess, and comes in a moment.
    return { box: this.#blended(trackId, box, frame, now) ?? box, isGuess: this.#isReached(trackId, frame, [...now.keys(), ...old.keys()]) };
  }

  /** @param {import("./edit_operations.js").Document["moved_boxes"]} moved @param {{id: number, frame: number, box: Box} | null} draft */
  #moves(moved, draft) {
    if (this.#madeOf[0] !== moved || this.#madeOf[1] !== draft?.box) {
      this.#madeOf = [moved, draft?.box];
      this.#now = new Map();
      const all = draft ? [...moved, { track: draft.id, frame: draft.frame, box: draft.box }] : moved;
      for (const { track, frame, box } of all) this.#now.set(track, (this.#now.get(track) ?? new Map()).set(frame, box));
    }
    return this.#now;
  }

  /** @param {number} trackId @param {Box} box @param {number} frame @param {Map<number, Box>} moves */
  #blended(trackId, box, frame, moves) {
    const corrections = [];
    for (const [at, wanted] of [...moves].sort((a, b) => a[0] - b[0])) {
      const known = this.tracks.boxesAt(at).find((each) => each.trackId === trackId);
      if (known) corrections.push({ frame: at, box: wanted, offset: /** @type {Box} */ (wanted.map((edge, i) => edge - known.box[i])) });
    }
    const timeOf = (/** @type {number} */ each) => this.tracks.timeOfFrame(each);
    return corrections.length ? blendedBox(box, timeOf(frame), corrections, timeOf) : null;
  }

  /** @param {number} trackId @param {number} frame @param {number[]} frames */
  #isReached(trackId, frame, frames) {
    const track = this.tracks.trackOf(trackId);
    if (!track) return false;
    const reaches = reachesOf([...new Set(frames)], track, (each) => this.tracks.timeOfFrame(each));
    // Between two corrections, too: the last of them may have been the one that is gone.
    return frame >= reaches[0].start && frame < reaches[reaches.length - 1].end;
  }
}

/** @param {Box | undefined} one @param {Box} other */
function isSame(one, other) {
  return one !== undefined && one.every((edge, i) => edge === other[i]);
}
