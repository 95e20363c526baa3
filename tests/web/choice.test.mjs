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
