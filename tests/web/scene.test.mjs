import assert from "node:assert/strict";
import { test } from "node:test";
import { Scene } from "../../src/efface/web/static/review/scene.js";
import { numberOf } from "../../src/efface/web/static/words.js";

test("a person keeps their number when others are merged or removed before them", () => {
  const tracks = /** @type {any} */ ({ summary: { faces: [{ id: 1001, name: "x" }, { id: 1004, name: "x" }, { id: 1005, name: "Sam", isNamed: true }] } });
  const scene = new Scene(tracks, /** @type {any} */ (null), /** @type {any} */ (null), /** @type {any} */ (null));
  assert.equal(scene.labelOf(1004), "4");
  assert.equal(scene.nameOf(1004), "person 4");
  assert.equal(scene.labelOf(1005), "5 Sam");
  assert.equal(numberOf(7), 7);
});
