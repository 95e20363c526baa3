import assert from "node:assert/strict";
import { test } from "node:test";
import { Follower, linesOf } from "../../src/efface/web/static/review/follow.js";

/** @param {string[]} pieces @param {{isOpen?: boolean}} [options] */
function streamOf(pieces, { isOpen = false } = {}) {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      pieces.forEach((piece) => controller.enqueue(encoder.encode(piece)));
      if (!isOpen) controller.close();
    },
  });
}

/** @param {number} id */
function region(id) {
  return /** @type {any} */ ({ id, label: "", kind: null, first_frame: 0, end_frame: 9, is_followed: true, keyframes: [{ frame: 1, box: [0, 0, 9, 9] }] });
}

/** @param {(call: number, signal: AbortSignal) => ReadableStream<Uint8Array>} answer */
function follower(answer) {
  const asked = /** @type {number[]} */ ([]);
  const api = {
    /** @param {string} _method @param {string} _path @param {any} options */
    send: async (_method, _path, { body, signal }) => {
      asked.push(JSON.parse(body).region.id);
      return { body: answer(asked.length, signal) };
    },
  };
  const made = new Follower(/** @type {any} */ (api), "v");
  const events = /** @type {string[]} */ ([]);
  for (const name of ["followed", "problem"]) made.addEventListener(name, () => events.push(name));
  return { made, asked, events };
}

const DONE = '{"path":"followed","parts":[[0,9]],"lost":[]}\n';

/** @param {Follower} made */
async function idle(made) {
  while (made.current) await new Promise((resolve) => made.addEventListener("change", resolve, { once: true }));
}

test("lines are put together from pieces, letters of several bytes too", async () => {
  const bytes = new TextEncoder().encode('{"a":"é"}\n{"b":2}');
  const stream = new ReadableStream({ start(controller) {
    for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
    controller.close();
  } });
  const lines = [];
  for await (const line of linesOf(stream)) lines.push(JSON.parse(line));
  assert.deepEqual(lines, [{ a: "é" }, { b: 2 }]);
});

test("regions are followed one after the other, each once", async () => {
  const { made, asked, events } = follower(() => streamOf(['{"done":1,"to', 'tal":9}\n', DONE]));
  made.want([region(1), region(2)]);
  await idle(made);
  made.want([region(1), region(2)]);
  await idle(made);
  assert.deepEqual(asked, [1, 2]);
  assert.deepEqual(events, ["followed", "followed"]);
  assert.deepEqual(made.progress, { done: 1, total: 9 });
});

test("a region that is drawn elsewhere is followed anew", async () => {
  const { made, asked } = follower(() => streamOf([DONE]));
  made.want([region(1)]);
  await idle(made);
  made.want([{ ...region(1), keyframes: [{ frame: 2, box: [1, 1, 5, 5] }] }]);
  await idle(made);
  assert.deepEqual(asked, [1, 1]);
});

test("an error of the service and a stream that breaks off are told, and not tried again by themselves", async () => {
  const { made, asked, events } = follower((call) => streamOf(call === 1 ? ['{"error":"no"}\n'] : ['{"done":1,"total":9}\n']));
  made.want([region(1), region(2)]);
  await idle(made);
  assert.deepEqual(events, ["problem", "problem"]);
  made.want([region(1), region(2)]);
  await idle(made);
  assert.deepEqual(asked, [1, 2]);
  made.again(region(1));
  await idle(made);
  assert.deepEqual(asked, [1, 2, 1]);
});

test("what is cancelled or not wanted any more is given up without a word", async () => {
  const { made, asked, events } = follower((_call, signal) => {
    return new ReadableStream({ start(controller) { signal.addEventListener("abort", () => controller.error(signal.reason)); } });
  });
  made.want([region(1)]);
  made.cancel();
  await idle(made);
  assert.ok(made.isGivenUp(region(1)));
  made.want([region(2)]);
  made.want([]);
  await idle(made);
  assert.ok(!made.isGivenUp(region(2)));
  assert.deepEqual([asked, events], [[1, 2], []]);
});
