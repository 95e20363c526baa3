import assert from "node:assert/strict";
import { test } from "node:test";
import { bareBody, redactionBody } from "../../src/efface/web/static/review/redaction_body.js";
import { lookAt } from "../../src/efface/web/static/review/risk_look.js";
import { fromOwnClock, parseClock, toOwnClock } from "../../src/efface/web/static/review/times.js";

test("a small face is enlarged and framed in the middle of its still", () => {
  const { image, spot } = lookAt([950, 530, 970, 550], { width: 1920, height: 1080 });
  assert.ok(image.width > 4);
  assert.ok(Math.abs(spot.left + spot.width / 2 - 0.5) < 1e-9 && Math.abs(spot.top + spot.height / 2 - 0.5) < 1e-9);
});

test("at the border the still does not leave its frame, and the face is still in it", () => {
  const { image, spot } = lookAt([0, 0, 40, 60], { width: 1920, height: 1080 });
  assert.deepEqual([image.left, image.top], [0, 0]);
  assert.ok(spot.left < 0.01 && spot.left + spot.width > 0.1);
});

test("a face that fills the picture is not made smaller, and portraits lie in the middle", () => {
  const { image, spot } = lookAt([0, 0, 1080, 1920], { width: 1080, height: 1920 });
  assert.deepEqual(image, { left: 0, top: 0, width: 1, height: 1 });
  assert.ok(Math.abs(spot.left + spot.width / 2 - 0.5) < 1e-9 && spot.width < 0.4);
});

test("nobody is left out of a redaction by being unknown to the page", () => {
  assert.deepEqual(redactionBody("Black", [], 0), { faces: { blurringKind: "Black" } });
  assert.deepEqual(redactionBody("HighBlur", [1002], 7), { faces: { blurringKind: "HighBlur", filter: { ids: [1002], scope: "Exclude" } }, edits: 7 });
  assert.deepEqual(bareBody([1001, 1002]).faces.filter, { ids: [1001, 1002], scope: "Exclude" });
});

test("times are read as people write them", () => {
  const times = ["12.5", "0:12.5", "1:02:03", "2:03,25", " 7 ", "", "1:2:3:4", "-3", "abc"].map(parseClock);
  assert.deepEqual(times, [12.5, 12.5, 3723, 123.25, 7, null, null, null, null]);
});

test("times go to the video's own clock and back to the thousandth", () => {
  const timing = { startPts: 450_001, timeBase: { numerator: 1, denominator: 90_000 } };
  assert.equal(toOwnClock(1.5, { startPts: 0, timeBase: { numerator: 1, denominator: 12_800 } }), "3/2");
  assert.equal(toOwnClock(2, { startPts: 0, timeBase: { numerator: 1, denominator: 25 } }), "2");
  assert.equal(toOwnClock(0, { startPts: -2, timeBase: { numerator: 1, denominator: 4 } }), "-1/2");
  for (const seconds of [0, 0.001, 1.234, 7199.999]) assert.ok(Math.abs(fromOwnClock(toOwnClock(seconds, timing), timing) - seconds) < 1e-9);
  assert.equal(fromOwnClock(7.5, { startPts: 100, timeBase: { numerator: 1, denominator: 50 } }), 5.5);
});
