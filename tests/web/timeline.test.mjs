import assert from "node:assert/strict";
import { test } from "node:test";
import { actionOf } from "../../src/efface/web/static/review/shortcuts.js";
import { Window, ticks, visibleBars } from "../../src/efface/web/static/review/timeline_lanes.js";

test("zooming keeps the time under the pointer in place, within the video", () => {
  const view = new Window(100);
  view.zoom(0.5, 80);
  assert.deepEqual([view.from, view.to], [40, 90]);
  view.pan(1000);
  assert.deepEqual([view.from, view.to], [50, 100]);
  view.zoom(0.0001, 75);
  assert.equal(view.span, 0.5);
  view.zoom(1e9, 75);
  assert.ok(view.isAll);
});

test("a playhead that leaves the view turns the page", () => {
  const view = new Window(100);
  view.zoom(0.1, 0);
  assert.ok(!view.reveal(5));
  assert.ok(view.reveal(50));
  assert.ok(view.from <= 50 && view.to > 50);
});

test("a video shorter than the smallest view is shown whole", () => {
  const view = new Window(0.04);
  view.zoom(0.5, 0.02);
  assert.deepEqual([view.from, view.to], [0, 0.04]);
});

test("ticks are round and few", () => {
  assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks(3601, 3659, 4), [3615, 3630, 3645]);
  assert.ok(ticks(0, 7200, 12).length <= 13);
});

test("bars out of view are left out and specks are joined, but none is lost", () => {
  const view = new Window(100);
  view.zoom(0.5, 0);
  const bars = [{ start: 1, end: 1.1, id: 1 }, { start: 1.2, end: 1.3, id: 2 }, { start: 20, end: 30, id: 3 }, { start: 60, end: 70, id: 4 }];
  assert.deepEqual(visibleBars(bars, view, 0.5).map(({ start, end }) => [start, end]), [[1, 1.3], [20, 30]]);
  assert.equal(bars[0].end, 1.1);
});

test("keys do what players and editors have them do", () => {
  /** @type {string[]} */
  const done = [];
  const commands = new Proxy({}, { get: (_, name) => (/** @type {any[]} */ ...values) => done.push([name, ...values].join(" ")) });
  /** @param {string} key @param {object} [with_] */
  const press = (key, with_ = {}) => actionOf(/** @type {any} */ ({ key, ...with_ }), /** @type {any} */ (commands), () => done.push("help"))?.();
  press(" ");
  press("ArrowLeft");
  press("ArrowRight", { shiftKey: true });
  press("J");
  press("l");
  press("3");
  press("z", { ctrlKey: true });
  press("Z", { metaKey: true, shiftKey: true });
  press("?", { shiftKey: true });
  assert.deepEqual(done, ["toggle", "step -1", "skip 1", "shuttle -1", "shuttle 1", "person 3", "undo", "redo", "help"]);
  assert.equal(press("ArrowLeft", { altKey: true }), undefined);
  assert.equal(press("r", { ctrlKey: true }), undefined);
  assert.equal(done.length, 9);
});

test("before anything can be commanded, only the list of keys answers", () => {
  let asked = 0;
  const press = (/** @type {string} */ key, with_ = {}) => actionOf(/** @type {any} */ ({ key, ...with_ }), null, () => { asked++; });
  assert.equal(press(" "), null);
  assert.equal(press("z", { ctrlKey: true }), null);
  press("?")?.();
  assert.equal(asked, 1);
});
