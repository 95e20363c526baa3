import assert from "node:assert/strict";
import { test } from "node:test";
import * as operations from "../../src/efface/web/static/review/edit_operations.js";
import { PendingMoves, blendedBox, reachesByTrack, reachesOf } from "../../src/efface/web/static/review/moved_boxes.js";
import { TrackStore } from "../../src/efface/web/static/review/tracks.js";
import { FakeVideo } from "./fake_video.mjs";

const EMPTY = operations.emptyDocument("a".repeat(64));
const TRACK = { id: 7, firstFrame: 5, endFrame: 95, score: 1 };
/** Twenty frames a second. @param {number} frame */
const timeOf = (frame) => frame / 20;
/** @typedef {[number, number, number, number]} Box */

test("a correction fades out within half a second, and narrows nothing", () => {
  const correction = { frame: 40, box: /** @type {Box} */ ([30, 0, 70, 20]), offset: /** @type {Box} */ ([20, 0, 40, 0]) };
  const box = /** @type {Box} */ ([10, 0, 30, 20]);
  assert.deepEqual(blendedBox(box, timeOf(40), [correction], timeOf), [30, 0, 70, 20]);
  // Half way the offset is half, and the box as wide as the corrected one.
  assert.deepEqual(blendedBox(box, timeOf(45), [correction], timeOf), [15, 0, 55, 20]);
  assert.equal(blendedBox(box, timeOf(50), [correction], timeOf), null);
  assert.equal(blendedBox(box, timeOf(30), [correction], timeOf), null);
});

test("a correction reaches half a second each way, within its track, and to the next one", () => {
  assert.deepEqual(reachesOf([40], TRACK, timeOf), [{ frame: 40, start: 31, end: 50 }]);
  assert.deepEqual(reachesOf([8], TRACK, timeOf), [{ frame: 8, start: 5, end: 18 }]);
  assert.deepEqual(reachesOf([90, 20], TRACK, timeOf), [{ frame: 20, start: 11, end: 90 }, { frame: 90, start: 21, end: 95 }]);
});

/** @param {any} document @param {any} [before] */
async function opened(document, before = EMPTY) {
  const video = new FakeVideo({ timeBase: { numerator: 1, denominator: 20 }, pts: Array.from({ length: 100 }, (_, i) => i), tracks: [{ id: 7, face: 1001, first: 5, end: 95 }, { id: 8, face: 1002, first: 0, end: 100 }] });
  const tracks = new TrackStore(/** @type {any} */ (video), "v");
  await tracks.load();
  await tracks.need(0);
  const edits = /** @type {any} */ ({ document, isStale: false, movedAt: () => before.moved_boxes });
  const pending = new PendingMoves(tracks, edits);
  /** @param {number} frame @param {any} [draft] */
  const at = (frame, draft = null) => {
    const known = tracks.boxesAt(frame).find((each) => each.trackId === 7);
    assert.ok(known);
    return { known: known.box, ...pending.at(known, frame, draft) };
  };
  return { at, tracks, edits, pending };
}

test("frames around a moved box show at once where theirs will be, as a guess until the service has blended them", async () => {
  const { at, edits } = await opened(operations.moveBox(7, 40, [0, 0, 100, 100])(EMPTY));
  assert.deepEqual(at(40), { known: at(40).known, box: [0, 0, 100, 100], isGuess: false });
  assert.ok(at(42).isGuess);
  assert.notDeepEqual(at(42).box, at(42).known);
  assert.deepEqual(at(51), { known: at(51).known, box: at(51).known, isGuess: false });
  edits.movedAt = () => edits.document.moved_boxes;
  assert.deepEqual(at(42), { known: at(42).known, box: at(42).known, isGuess: false });
});

test("a box that is dragged shows what it would do to the frames around", async () => {
  const { at } = await opened(EMPTY);
  const draft = { sort: "face", id: 7, frame: 40, box: [0, 0, 100, 100] };
  assert.deepEqual(at(40, draft).box, [0, 0, 100, 100]);
  assert.ok(at(41, draft).isGuess);
  assert.ok(!at(41, { ...draft, sort: "region" }).isGuess);
});

test("a box put back is a guess where its correction reached, until the service has taken it back", async () => {
  const { at } = await opened(EMPTY, operations.moveBox(7, 40, [0, 0, 100, 100])(EMPTY));
  assert.ok(at(40).isGuess);
  assert.ok(at(45).isGuess);
  assert.ok(!at(55).isGuess);
});

test("corrections of a track that is gone reach nowhere", async () => {
  const { tracks } = await opened(EMPTY);
  const moved = operations.moveBox(99, 3, [0, 0, 9, 9])(operations.moveBox(7, 40, [0, 0, 9, 9])(EMPTY)).moved_boxes;
  assert.deepEqual([...reachesByTrack(moved, tracks).keys()], [7]);
});
