import assert from "node:assert/strict";
import { test } from "node:test";
import { between, boxBetween, dragged, gripAt, letterboxed, topmost } from "../../src/efface/web/static/review/geometry.js";

const PICTURE = { width: 640, height: 360 };

test("a picture lies in the middle of a stage of another shape", () => {
  assert.deepEqual(letterboxed({ x: 0, y: 0, width: 800, height: 600 }, 400, 200), { x: 0, y: 100, width: 800, height: 400 });
  assert.deepEqual(letterboxed({ x: 0, y: 0, width: 800, height: 400 }, 200, 200), { x: 200, y: 0, width: 400, height: 400 });
});

test("a click reaches the small box in front of the large one", () => {
  const large = { box: [0, 0, 100, 100] };
  const small = { box: [40, 40, 60, 60] };
  assert.equal(topmost(/** @type {any} */ ([small, large]), { x: 50, y: 50 }), small);
  assert.equal(topmost(/** @type {any} */ ([small, large]), { x: 10, y: 10 }), large);
  assert.equal(topmost(/** @type {any} */ ([small, large]), { x: 100, y: 100 }), null);
});

test("edges and corners are grips, the middle moves, and tiny boxes can be moved too", () => {
  const box = /** @type {any} */ ([100, 100, 200, 200]);
  assert.equal(gripAt(box, { x: 98, y: 102 }, 8), "nw");
  assert.equal(gripAt(box, { x: 150, y: 203 }, 8), "s");
  assert.equal(gripAt(box, { x: 150, y: 150 }, 8), "move");
  assert.equal(gripAt(box, { x: 80, y: 150 }, 8), null);
  assert.equal(gripAt([100, 100, 108, 108], { x: 104, y: 104 }, 8), "move");
});

test("a box can be drawn from any corner", () => {
  assert.deepEqual(boxBetween({ x: 9, y: 2 }, { x: 3, y: 8 }), [3, 2, 9, 8]);
});

test("a box never loses its area, nor leaves the picture altogether", () => {
  assert.deepEqual(dragged([10, 10, 20, 20], "e", -50, 0, PICTURE), [10, 10, 14, 20]);
  assert.deepEqual(dragged([10, 10, 20, 20], "nw", 50, 50, PICTURE), [16, 16, 20, 20]);
  const [x1, y1] = dragged([10, 10, 20, 20], "move", 5000, 5000, PICTURE);
  assert.deepEqual([x1, y1], [636, 356]);
  const [, , x2, y2] = dragged([10, 10, 20, 20], "move", -5000, -5000, PICTURE);
  assert.deepEqual([x2, y2], [4, 4]);
});

test("edges are rounded outwards to eighths", () => {
  assert.deepEqual(dragged([10, 10, 20, 20], "move", 0.2, 0.2, PICTURE), [10.125, 10.125, 20.25, 20.25]);
});

test("a fixed region moves evenly between key frames and stays beyond them", () => {
  const keyframes = /** @type {any} */ ([{ frame: 10, box: [0, 0, 10, 10] }, { frame: 20, box: [10, 0, 20, 30] }]);
  assert.deepEqual(between(keyframes, 5), [0, 0, 10, 10]);
  assert.deepEqual(between(keyframes, 15), [5, 0, 15, 20]);
  assert.deepEqual(between(keyframes, 20), [10, 0, 20, 30]);
  assert.deepEqual(between(keyframes, 25), [10, 0, 20, 30]);
});
