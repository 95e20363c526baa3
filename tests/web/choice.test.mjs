import assert from "node:assert/strict";
import { test } from "node:test";
import { Choice } from "../../src/efface/web/static/review/choice.js";

/** @param {number} id @param {number[]} tracks */
function face(id, tracks) {
  return /** @type {any} */ ({ id, name: `n${id}`, tracks: tracks.map((track) => ({ id: track })) });
}

class FakeStore {
  values = new Map();
  /** @param {string} key */
  getItem(key) {
    return this.values.get(key) ?? null;
  }
  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.values.set(key, value);
  }
}

/** @param {FakeStore} store @param {string} index @param {any[]} faces */
function opened(store, index, faces) {
  const choice = new Choice(store);
  choice.open("account", "video", index);
  return { choice, changed: choice.update(faces) };
}

const FACES = [face(1001, [1, 2]), face(1002, [3]), face(1003, [4])];

test("everybody is redacted until somebody says otherwise", () => {
  const { choice } = opened(new FakeStore(), "a", FACES);
  assert.deepEqual(choice.keptIds, []);
  assert.equal(choice.numRedacted, 3);
});

test("the choice is remembered for the same index alone", () => {
  const store = new FakeStore();
  opened(store, "a", FACES).choice.toggle(1002);
  assert.deepEqual(opened(store, "a", FACES).choice.keptIds, [1002]);
  assert.deepEqual(opened(store, "b", FACES).choice.keptIds, []);
});

test("who kept people before an analysis is told that they are redacted again, once", () => {
  const store = new FakeStore();
  opened(store, "a", FACES).choice.toggle(1002);
  assert.equal(new Choice(store).open("account", "video", "a"), false);
  assert.equal(new Choice(store).open("account", "video", "b"), true);
  opened(store, "b", FACES);
  assert.equal(new Choice(store).open("account", "video", "b"), false);
  assert.equal(new Choice(store).open("account", "other", "b"), false);
});

test("whoever got another's tracks is redacted again, and named", () => {
  const store = new FakeStore();
  opened(store, "a", FACES).choice.setAll("keep");
  const { choice, changed } = opened(store, "a", [face(1001, [1, 2, 3]), face(1003, [4])]);
  assert.deepEqual(changed.map((each) => each.id), [1001]);
  assert.deepEqual(choice.keptIds, [1003]);
});

test("whoever lost tracks stays kept", () => {
  const store = new FakeStore();
  opened(store, "a", FACES).choice.toggle(1001);
  assert.deepEqual(opened(store, "a", [face(1001, [1]), face(1004, [2])]).choice.keptIds, [1001]);
});

test("people merged are kept only if all of them were", () => {
  const { choice } = opened(new FakeStore(), "a", FACES);
  choice.toggle(1001);
  choice.merge([1001, 1002]);
  assert.deepEqual(choice.keptIds, []);
  choice.setAll("keep");
  choice.merge([1001, 1002]);
  assert.deepEqual(choice.update([face(1001, [1, 2, 3]), face(1003, [4])]), []);
  assert.deepEqual(choice.keptIds, [1001, 1003]);
});

test("the choice can be turned round", () => {
  const { choice } = opened(new FakeStore(), "a", FACES);
  choice.toggle(1003);
  choice.setAll("invert");
  assert.deepEqual(choice.keptIds, [1001, 1002]);
  choice.setAll("redact");
  assert.equal(choice.numKept, 0);
});

test("a spoilt memory is no choice", () => {
  const store = new FakeStore();
  store.setItem("efface.keep.account.video", "{");
  assert.deepEqual(opened(store, "a", FACES).choice.keptIds, []);
});

/** @param {Choice} choice what is done to it @returns {any[]} what it tells of itself */
function listened(choice) {
  /** @type {any[]} */
  const chosen = [];
  choice.addEventListener("chosen", (event) => chosen.push(/** @type {CustomEvent} */ (event).detail));
  return chosen;
}

test("each choice tells just whom it has changed, so that it can be taken back", () => {
  const { choice } = opened(new FakeStore(), "a", FACES);
  const chosen = listened(choice);
  choice.toggle(1001);
  choice.setAll("redact");
  choice.setAll("redact");
  assert.deepEqual(chosen.map(({ what, kept }) => [what, kept]), [
    ["keep", [{ id: 1001, before: null, after: [1, 2] }]],
    ["redact", [{ id: 1001, before: [1, 2], after: null }]],
    ["redact", []],
  ]);
  assert.deepEqual(choice.restore(chosen[1].kept, "before", false).map((each) => each.id), [1001]);
  assert.deepEqual(choice.keptIds, [1001]);
  choice.toggle(1003);
  choice.restore(chosen[0].kept, "before", false);
  assert.deepEqual(choice.keptIds, [1003]);
});

test("who was chosen otherwise since keeps what was chosen for them", () => {
  const { choice } = opened(new FakeStore(), "a", FACES);
  const chosen = listened(choice);
  choice.setAll("keep");
  const changed = choice.update([face(1001, [1, 2, 3]), face(1002, []), face(1003, [4])]);
  assert.deepEqual(changed.map((each) => each.id), [1001]);
  choice.toggle(1003);
  choice.restore(chosen[1].kept, "before", false);
  assert.ok(!choice.isKept(1001), "redacted again for its new moments, and no undo of another's choice brings it back");
  assert.ok(choice.isKept(1003));
});

test("a merge that is undone leaves nobody kept who was redacted before it, at no moment", () => {
  const { choice } = opened(new FakeStore(), "a", FACES);
  choice.toggle(1001);
  const merged = choice.merge([1001, 1002]);
  choice.update([face(1001, [1, 2, 3]), face(1003, [4])]);
  choice.toggle(1001);
  assert.deepEqual(choice.keptIds, [1001]);
  // The corrections are on their way, and the page still shows both as one.
  choice.restore(merged, "before", true);
  assert.deepEqual(choice.keptIds, []);
  assert.deepEqual(choice.update(FACES), []);
  assert.deepEqual(choice.keptIds, []);
  assert.deepEqual(choice.settle().map((each) => each.id), [1001]);
  assert.deepEqual(choice.keptIds, [1001]);
  choice.restore(merged, "after", true);
  choice.update([face(1001, [1, 2, 3]), face(1003, [4])]);
  choice.settle();
  assert.deepEqual(choice.keptIds, []);
});

test("who is kept again only as somebody else is not kept", () => {
  const { choice } = opened(new FakeStore(), "a", FACES);
  choice.setAll("keep");
  const merged = choice.merge([1001, 1002]);
  choice.restore(merged, "before", true);
  // The merge was not undone after all.
  choice.update([face(1001, [1, 2, 3]), face(1003, [4])]);
  assert.deepEqual(choice.settle(), []);
  assert.deepEqual(choice.keptIds, [1003]);
  choice.restore(merged, "after", true);
  choice.giveUp();
  choice.settle();
  assert.deepEqual(choice.keptIds, [1003]);
});

test("who is redacted by hand while an undo is under way stays so", () => {
  const { choice } = opened(new FakeStore(), "a", FACES);
  choice.setAll("keep");
  const merged = choice.merge([1001, 1002]);
  choice.restore(merged, "before", true);
  choice.setAll("redact");
  choice.update(FACES);
  choice.settle();
  assert.deepEqual(choice.keptIds, []);
});

test("what another tab has chosen is taken over, for the same analysis alone", () => {
  const store = new FakeStore();
  const { choice } = opened(store, "a", FACES);
  const { choice: other } = opened(store, "a", FACES);
  other.set(1002, true);
  const [key] = [...store.values.keys()];
  assert.equal(choice.adopt("something else"), false);
  assert.equal(choice.adopt(key), true);
  assert.deepEqual(choice.keptIds, [1002]);
  const { choice: newer } = opened(store, "b", FACES);
  newer.set(1003, true);
  assert.equal(choice.adopt(key), false);
  assert.deepEqual(choice.keptIds, [1002]);
});
