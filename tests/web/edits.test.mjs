import assert from "node:assert/strict";
import { test } from "node:test";
import { EditsStore } from "../../src/efface/web/static/review/edits.js";
import { Keepsake } from "../../src/efface/web/static/review/keepsake.js";
import * as operations from "../../src/efface/web/static/review/edit_operations.js";

const SHA = "a".repeat(64);
const DETECTED = [
  { id: 1001, tracks: [{ id: 1 }, { id: 2 }] },
  { id: 1002, tracks: [{ id: 3 }] },
  { id: 1003, tracks: [{ id: 4 }] },
];
const EMPTY = operations.emptyDocument(SHA);

/** The service's side of the corrections, with what goes wrong on the way. */
class FakeEdits {
  revision = 0;
  edits = EMPTY;
  /** @type {Error[]} */
  failures = [];
  /** @type {string[]} */
  matches = [];

  async get() {
    return { revision: this.revision, isStale: false, edits: this.revision ? structuredClone(this.edits) : EMPTY };
  }

  /** @param {string} _method @param {string} _path @param {any} document @param {any} options */
  async json(_method, _path, document, { headers }) {
    this.matches.push(headers["If-Match"]);
    const failure = this.failures.shift();
    if (failure) throw failure;
    if (headers["If-Match"] !== `"${this.revision}"`) throw Object.assign(new Error("older"), { status: 412 });
    this.revision++;
    this.edits = structuredClone(document);
    return this.get();
  }
}

/** @param {FakeEdits} service */
async function opened(service) {
  const store = new EditsStore(/** @type {any} */ (service), "v");
  await store.load(Promise.resolve(/** @type {any} */ ({ editsRevision: 0, sourceSha256: SHA, faces: DETECTED })));
  return store;
}

test("merging somebody who is merged already widens that merge", () => {
  const once = operations.mergeFaces([1003, 1002], DETECTED)(EMPTY);
  assert.deepEqual(once.merges, [[1002, 1003]]);
  assert.deepEqual(operations.mergeFaces([1002, 1001], DETECTED)(once).merges, [[1001, 1002, 1003]]);
});

test("a merge names nobody who has no track left after a split", () => {
  const merged = operations.mergeFaces([1002, 1003], DETECTED)(EMPTY);
  const split = operations.splitTracks([4], 1004, DETECTED)(merged);
  assert.deepEqual(split.merges, []);
  assert.deepEqual(split.splits, [{ track: 4, face: 1004 }]);
  const again = operations.mergeFaces([1001, 1004], DETECTED)(split);
  assert.deepEqual(again.merges, [[1001, 1004]]);
  assert.deepEqual(operations.splitTracks([4], 1005, DETECTED)(again).merges, []);
});

test("a removed track leaves no moved box behind", () => {
  const moved = operations.moveBox(3, 7, [0, 0, 9, 9])(EMPTY);
  const removed = operations.removeTrack(3)(operations.moveBox(1, 2, [1, 1, 5, 5])(moved));
  assert.deepEqual(removed.removed_tracks, [3]);
  assert.deepEqual(removed.moved_boxes.map((each) => each.track), [1]);
});

test("what was removed or moved by hand can be put back, each by itself", () => {
  const removed = operations.removeTrack(4)(operations.removeTrack(3)(EMPTY));
  assert.deepEqual(operations.restoreTrack(3)(removed).removed_tracks, [4]);
  const moved = operations.moveBox(1, 3, [0, 0, 4, 4])(operations.moveBox(1, 2, [1, 1, 5, 5])(EMPTY));
  assert.deepEqual(operations.restoreBox(1, 2)(moved).moved_boxes.map((each) => each.frame), [3]);
});

test("a moved box replaces the one of the same frame alone", () => {
  const twice = operations.moveBox(1, 2, [2, 2, 6, 6])(operations.moveBox(1, 3, [0, 0, 4, 4])(operations.moveBox(1, 2, [1, 1, 5, 5])(EMPTY)));
  assert.deepEqual(twice.moved_boxes.map((each) => [each.frame, each.box[0]]), [[3, 0], [2, 2]]);
});

test("a region that is drawn elsewhere loses its old path and keeps its key frames in order", () => {
  const region = { label: "", kind: null, first_frame: 10, end_frame: 20, is_followed: true, keyframes: [{ frame: 15, box: [0, 0, 9, 9] }], path: [] };
  const one = operations.addRegion(/** @type {any} */ (region))(EMPTY);
  const [drawn] = operations.drawRegion(1, 5, [1, 1, 3, 3])(one).regions;
  assert.ok(!("path" in drawn));
  assert.deepEqual(drawn.keyframes.map((key) => key.frame), [5, 15]);
  assert.equal(drawn.first_frame, 5);
});

test("a region that is shortened keeps a key frame within", () => {
  const region = { label: "", kind: null, first_frame: 0, end_frame: 20, is_followed: false, keyframes: [{ frame: 15, box: [0, 0, 9, 9] }] };
  const one = operations.addRegion(/** @type {any} */ (region))(EMPTY);
  assert.deepEqual(operations.changeRegion(1, { end_frame: 10 })(one).regions[0].keyframes, [{ frame: 9, box: [0, 0, 9, 9] }]);
});

test("region ids go on from the highest", () => {
  const region = { label: "", kind: null, first_frame: 0, end_frame: 2, is_followed: false, keyframes: [{ frame: 0, box: [0, 0, 9, 9] }] };
  const two = [1, 2].reduce((document) => operations.addRegion(/** @type {any} */ (region))(document), EMPTY);
  assert.deepEqual(operations.addRegion(/** @type {any} */ (region))(operations.deleteRegion(1)(two)).regions.map((each) => each.id), [2, 3]);
});

test("a review is one per frame and track, and can be taken back", () => {
  const fine = operations.review(5, null, true)(operations.review(5, 2, true)(EMPTY));
  assert.equal(fine.reviewed.length, 2);
  assert.deepEqual(operations.review(5, null, false)(operations.review(5, null, true)(fine)).reviewed, [{ frame: 5, track: 2 }]);
});

test("an id that was once somebody's is never given again", async () => {
  const store = await opened(new FakeEdits());
  const first = store.newFaceId();
  store.apply(operations.splitTracks([2], first, DETECTED), "split");
  store.undo();
  assert.ok(store.newFaceId() > first);
  assert.equal(first, 1004);
});

test("what is changed while saving is saved after it, each upon the revision before", async () => {
  const service = new FakeEdits();
  const store = await opened(service);
  store.apply(operations.removeTrack(1), "one");
  store.apply(operations.removeTrack(2), "two");
  store.apply(operations.removeTrack(3), "three");
  await store.settled();
  assert.deepEqual(service.edits.removed_tracks, [1, 2, 3]);
  assert.deepEqual(service.matches, ['"0"', '"1"']);
  assert.equal(store.revision, 2);
});

test("people as they were before any correction are fetched beside, and again when that has failed", async () => {
  let isAway = true;
  const service = {
    /** @param {string} path @param {any} [options] */
    get: async (path, options) => {
      if (path.endsWith("/Edits")) return { revision: 3, isStale: false, edits: EMPTY };
      assert.deepEqual(options.query, { edits: 0 });
      if (isAway) throw new Error("away");
      return { faces: DETECTED };
    },
  };
  const store = new EditsStore(/** @type {any} */ (service), "v");
  await store.load(Promise.resolve(/** @type {any} */ ({ editsRevision: 3, sourceSha256: SHA, faces: [] })));
  await assert.rejects(store.known(), /away/);
  isAway = false;
  await store.known();
  assert.equal(store.detected, DETECTED);
});

test("corrections go on being of the index that the service has bound them to", async () => {
  const service = new FakeEdits();
  const store = await opened(service);
  store.apply(operations.removeTrack(1), "one");
  await store.settled();
  service.edits.index_digest = "d1";
  const again = await opened(service);
  again.apply(operations.removeTrack(2), "two");
  await again.settled();
  assert.equal(service.edits.index_digest, "d1");
  again.apply(operations.withoutPeople(), "drop");
  await again.settled();
  assert.equal(service.edits.index_digest, "d1");
});

test("undo and redo are saved too", async () => {
  const service = new FakeEdits();
  const store = await opened(service);
  store.apply(operations.removeTrack(1), "one");
  await store.settled();
  assert.equal(store.steps.undoes, "one");
  store.undo();
  await store.settled();
  assert.deepEqual(service.edits.removed_tracks, []);
  assert.equal(store.steps.redoes, "one");
  store.redo();
  await store.settled();
  assert.deepEqual(service.edits.removed_tracks, [1]);
  store.apply(operations.removeTrack(2), "two");
  assert.ok(!store.steps.canRedo);
  await store.settled();
});

test("corrections made elsewhere win, and are told", async () => {
  const service = new FakeEdits();
  const store = await opened(service);
  service.revision = 4;
  service.edits = operations.removeTrack(4)(EMPTY);
  /** @type {string[]} */
  const told = [];
  store.addEventListener("problem", (event) => told.push(/** @type {any} */ (event).detail.message));
  store.apply(operations.removeTrack(1), "one");
  await store.settled();
  assert.deepEqual(store.document.removed_tracks, [4]);
  assert.equal(store.revision, 4);
  assert.match(told[0], /changed elsewhere/);
  assert.ok(!store.steps.canUndo);
});

test("what the service refuses is taken back", async () => {
  const service = new FakeEdits();
  service.failures = [Object.assign(new Error("no such track"), { status: 400 })];
  const store = await opened(service);
  store.apply(operations.removeTrack(77), "wrong");
  await store.settled();
  assert.deepEqual(store.document.removed_tracks, []);
  assert.ok(!store.steps.canUndo);
});

/** Refuses whatever removes track 9. */
class Refusing extends FakeEdits {
  /** @param {string} method @param {string} path @param {any} document @param {any} options */
  async json(method, path, document, options) {
    await new Promise((resolve) => setTimeout(resolve));
    if (document.removed_tracks.includes(9)) throw Object.assign(new Error("no such track"), { status: 400 });
    return super.json(method, path, document, options);
  }
}

test("what is done beside a correction that is refused is kept, whatever came first", async () => {
  const service = new Refusing();
  const store = await opened(service);
  /** @type {string[]} */
  const told = [];
  store.addEventListener("problem", (event) => told.push(/** @type {any} */ (event).detail.message));
  store.apply(operations.removeTrack(1), "one");
  // These two are sent together, after the first.
  store.apply(operations.removeTrack(9), "refused");
  store.apply(operations.removeTrack(3), "three");
  await store.settled();
  assert.deepEqual(service.edits.removed_tracks, [1, 3]);
  assert.deepEqual(store.document.removed_tracks, [1, 3]);
  assert.deepEqual(told, ["no such track"]);
  store.undo();
  await store.settled();
  assert.deepEqual(service.edits.removed_tracks, [1]);
  store.undo();
  await store.settled();
  assert.deepEqual(service.edits.removed_tracks, []);
  assert.equal(store.steps.canUndo, false);
});

test("a refusal tells when what was undone after it is lost as well", async () => {
  const store = await opened(new Refusing());
  /** @type {string[]} */
  const told = [];
  store.addEventListener("problem", (event) => told.push(/** @type {any} */ (event).detail.message));
  store.apply(operations.removeTrack(9), "refused");
  store.apply(operations.removeTrack(1), "one");
  store.undo();
  store.apply(operations.removeTrack(3), "three");
  await store.settled();
  assert.deepEqual(store.document.removed_tracks, []);
  assert.match(told[0], /What you did after it is lost as well/);
});

test("while the service is away nothing is lost, and nothing goes on as if it were saved", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const service = new FakeEdits();
  service.failures = [Object.assign(new Error("away"), { status: 0 })];
  const store = await opened(service);
  store.apply(operations.removeTrack(1), "one");
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assert.equal(store.status, "unsaved");
  context.mock.timers.tick(3000);
  await store.settled();
  assert.equal(store.status, "saved");
  assert.deepEqual(service.edits.removed_tracks, [1]);
});

/** The storage of a tab. */
function tabStorage() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  const storage = {
    getItem: (/** @type {string} */ name) => kept.get(name) ?? null,
    setItem: (/** @type {string} */ name, /** @type {string} */ text) => void kept.set(name, text),
    removeItem: (/** @type {string} */ name) => void kept.delete(name),
  };
  return /** @type {any} */ (storage);
}

/** @param {FakeEdits} service @param {Keepsake} keepsake */
async function openedWith(service, keepsake) {
  const store = new EditsStore(/** @type {any} */ (service), "v", keepsake);
  await store.load(Promise.resolve(/** @type {any} */ ({ editsRevision: 0, sourceSha256: SHA, faces: DETECTED })));
  return store;
}

test("what is corrected when the session ends is saved after the next sign-in", async () => {
  const [service, keepsake] = [new FakeEdits(), new Keepsake(tabStorage(), "v")];
  service.failures.push(Object.assign(new Error("signed out"), { status: 401 }));
  const before = await openedWith(service, keepsake);
  before.apply(operations.removeTrack(1), "remove");
  await assert.rejects(before.settled(), /not saved yet/);
  assert.equal(service.revision, 0);
  const after = await openedWith(service, keepsake);
  after.restore();
  await after.settled();
  assert.deepEqual(service.edits.removed_tracks, before.document.removed_tracks);
  after.restore();
  assert.equal(service.revision, 1, "it is brought back once");
});

test("what was kept never goes over what others have saved meanwhile", async () => {
  const [service, keepsake] = [new FakeEdits(), new Keepsake(tabStorage(), "v")];
  service.failures.push(Object.assign(new Error("signed out"), { status: 401 }));
  const before = await openedWith(service, keepsake);
  before.apply(operations.removeTrack(1), "remove");
  await assert.rejects(before.settled(), /not saved yet/);
  service.revision = 1;
  const after = await openedWith(service, keepsake);
  const problems = [];
  after.addEventListener("problem", (event) => problems.push(/** @type {CustomEvent} */ (event).detail.message));
  after.restore();
  await after.settled();
  assert.equal(service.revision, 1);
  assert.match(problems.join(), /is lost/);
});
