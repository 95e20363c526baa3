import assert from "node:assert/strict";
import { test } from "node:test";
import { howWords, madeWarnings } from "../../src/efface/web/static/made.js";

/** @param {object} [more] */
function made(more = {}) {
  return { blurringKind: "HighBlur", coversFaces: true, hiddenCount: 2, kept: [], regionsCount: 0, mutesCount: 0, removedTracksCount: 0, openRisksCount: 0, ...more };
}

test("what was done is told in one line, with whom it keeps visible", () => {
  assert.equal(howWords(made()), "Hidden by strong blur: 2 people.");
  const kept = [{ id: 1003, name: null }, { id: 1004, name: "Ana" }];
  assert.equal(
    howWords(made({ hiddenCount: 1, kept, regionsCount: 1, mutesCount: 2 })),
    "Hidden by strong blur: 1 person, 1 drawn region, 2 muted spans. Kept visible: Person 3, Ana.",
  );
  assert.equal(howWords(made({ coversFaces: false, hiddenCount: 0, regionsCount: 1 })), "Hidden by strong blur: no face, 1 drawn region.");
});

test("nothing is warned of where everything is hidden and was looked at", () => {
  assert.deepEqual(madeWarnings(made()), []);
});

test("boxes that hide nothing, faces that stay visible and moments nobody looked at are warned of", () => {
  assert.match(madeWarnings(made({ blurringKind: "BoundingBox" }))[0], /every face stays visible/);
  assert.match(madeWarnings(made({ hiddenCount: 0, kept: [{ id: 1001, name: null }] }))[0], /Nobody is redacted/);
  assert.match(madeWarnings(made({ coversFaces: false, hiddenCount: 0 }))[0], /No face was redacted/);
  const [removed, open] = madeWarnings(made({ removedTracksCount: 1, openRisksCount: 9 }));
  assert.match(removed, /1 moment stays visible/);
  assert.match(open, /9 moments where a face may be bare/);
});
