import assert from "node:assert/strict";
import { test } from "node:test";
import { bareSpans } from "../../src/efface/web/static/review/bare.js";

/** @param {[number, number][]} parts @param {object} [more] */
function region(parts, more = {}) {
  return { isFollowed: true, state: "followed", firstFrame: 10, endFrame: 100, parts, ...more };
}

test("a region that was lost from sight is bare from there to its end", () => {
  assert.deepEqual(bareSpans(region([[10, 31]]), 105), [[31, 100]]);
  assert.deepEqual(bareSpans(region([]), 105), [[10, 100]]);
});

test("a region drawn again after a gap is bare in the gap, in whatever order its parts come", () => {
  assert.deepEqual(bareSpans(region([[40, 100], [10, 31], [20, 25]]), 105), [[31, 40]]);
  assert.deepEqual(bareSpans(region([[12, 100]]), 105), [[10, 12]]);
});

test("nothing is bare that is hidden to its end, or to that of the video", () => {
  assert.deepEqual(bareSpans(region([[10, 100]]), 105), []);
  assert.deepEqual(bareSpans(region([[10, 90]]), 90), []);
});

test("what stays in its place is never bare, and what was not followed yet is not known", () => {
  assert.deepEqual(bareSpans(region([], { isFollowed: false, state: "fixed" }), 105), []);
  assert.deepEqual(bareSpans(region([], { state: "waiting" }), 105), []);
});
