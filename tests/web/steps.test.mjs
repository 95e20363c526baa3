import assert from "node:assert/strict";
import { test } from "node:test";
import * as operations from "../../src/efface/web/static/review/edit_operations.js";
import { EditsStore } from "../../src/efface/web/static/review/edits.js";
import { Steps } from "../../src/efface/web/static/review/steps.js";

const SHA = "a".repeat(64);
const EMPTY = operations.emptyDocument(SHA);
const KEPT = [{ id: 1001, before: null, after: [1] }];

/** The storage of a tab. */
class TabStorage {
  /** @type {Map<string, string>} */
  values = new Map();
  /** @param {string} name */
  getItem(name) {
    return this.values.get(name) ?? null;
  }
  /** @param {string} name @param {string} text */
  setItem(name, text) {
    this.values.set(name, text);
  }
  /** @param {string} name */
  removeItem(name) {
    this.values.delete(name);
  }
}

/** A service that takes every correction, unless told otherwise. */
class FakeService {
  revision = 0;
  edits = EMPTY;
  /** @type {Error[]} */
  failures = [];

  async get() {
    return { revision: this.revision, isStale: false, edits: this.revision ? structuredClone(this.edits) : null };
  }

  /** @param {string} _method @param {string} _path @param {any} document */
  async json(_method, _path, document) {
    const failure = this.failures.shift();
    if (failure) throw failure;
    this.revision++;
    this.edits = structuredClone(document);
    return this.get();
  }
}

/** @param {FakeService} service @param {TabStorage} storage @param {string} [indexVersion] */
async function opened(service, storage, indexVersion = "7") {
  const store = new EditsStore(/** @type {any} */ (service), "v", null, new Steps(/** @type {any} */ (storage), "v"));
  await store.load(Promise.resolve(/** @type {any} */ ({ editsRevision: 0, indexVersion, sourceSha256: SHA, faces: [] })));
  return store;
}

test("corrections and whom to keep are undone and redone in one order", async () => {
  const store = await opened(new FakeService(), new TabStorage());
  /** @type {any[]} */
  const told = [];
  store.addEventListener("kept", (event) => told.push(/** @type {CustomEvent} */ (event).detail));
  store.apply(operations.removeTrack(1), "one");
  store.note("keep person 1", KEPT);
  store.apply(operations.removeTrack(2), "two");
  store.undo();
  assert.deepEqual([store.document.removed_tracks, told.length], [[1], 0]);
  store.undo();
  assert.deepEqual([store.document.removed_tracks, told], [[1], [{ kept: KEPT, way: "undo", isCorrection: false }]]);
  store.undo();
  assert.deepEqual(store.document.removed_tracks, []);
  for (let i = 0; i < 3; i++) store.redo();
  assert.deepEqual([store.document.removed_tracks, told[1].way], [[1, 2], "redo"]);
  await store.settled();
});

test("whom to keep makes no revision of its own", async () => {
  const service = new FakeService();
  const store = await opened(service, new TabStorage());
  store.note("keep person 1", KEPT);
  store.undo();
  await store.settled();
  assert.equal(service.revision, 0);
  assert.equal(store.steps.redoes, "keep person 1");
});

test("a merge takes back with it whom it has redacted", async () => {
  const store = await opened(new FakeService(), new TabStorage());
  /** @type {any[]} */
  const told = [];
  store.addEventListener("kept", (event) => told.push(/** @type {CustomEvent} */ (event).detail));
  store.apply((document) => ({ ...document, merges: [[1001, 1002]] }), "merge people", KEPT);
  store.undo();
  assert.deepEqual(told, [{ kept: KEPT, way: "undo", isCorrection: true }]);
  await store.settled();
});

test("what was done can be undone after a reload, while the service has just that", async () => {
  const [service, storage] = [new FakeService(), new TabStorage()];
  const before = await opened(service, storage);
  before.apply(operations.removeTrack(1), "one");
  before.apply(operations.removeTrack(2), "two");
  await before.settled();
  before.note("keep person 1", KEPT);
  const after = await opened(service, storage);
  assert.equal(after.steps.undoes, "keep person 1");
  after.undo();
  after.undo();
  await after.settled();
  assert.deepEqual(service.edits.removed_tracks, [1]);
  const again = await opened(service, storage);
  assert.deepEqual([again.steps.undoes, again.steps.redoes], ["one", "two"]);
  again.redo();
  await again.settled();
  assert.deepEqual(service.edits.removed_tracks, [1, 2]);
});

test("steps are not taken up over corrections made elsewhere, or another index", async () => {
  const [service, storage] = [new FakeService(), new TabStorage()];
  const store = await opened(service, storage);
  store.apply(operations.removeTrack(1), "one");
  await store.settled();
  assert.ok(!(await opened(service, storage, "8")).steps.canUndo);
  service.revision++;
  assert.ok(!(await opened(service, storage)).steps.canUndo);
});

test("what is kept for a reload is bounded, the latest steps first", async () => {
  const [service, storage] = [new FakeService(), new TabStorage()];
  const store = await opened(service, storage);
  for (let id = 1; id <= 120; id++) store.apply((document) => ({ ...document, removed_tracks: Array(2000).fill(id) }), `step ${id}`);
  await store.settled();
  const text = storage.getItem("efface-steps:v") ?? "";
  assert.ok(text.length < 600_000);
  assert.equal((await opened(service, storage)).steps.undoes, "step 120");
});

test("a spoilt or full storage is no steps, and no failure", async () => {
  const [service, storage] = [new FakeService(), new TabStorage()];
  storage.setItem("efface-steps:v", "{");
  const store = await opened(service, storage);
  assert.ok(!store.steps.canUndo);
  storage.setItem = () => { throw new Error("full"); };
  store.apply(operations.removeTrack(1), "one");
  await store.settled();
  assert.ok(store.steps.canUndo);
});

test("what the service refuses takes no choice with it", async () => {
  const service = new FakeService();
  service.failures = [Object.assign(new Error("no such track"), { status: 400 })];
  const store = await opened(service, new TabStorage());
  store.apply(operations.removeTrack(77), "wrong");
  store.note("keep person 1", KEPT);
  await store.settled();
  assert.equal(store.steps.undoes, "keep person 1");
  store.undo();
  assert.ok(!store.steps.canUndo);
});
