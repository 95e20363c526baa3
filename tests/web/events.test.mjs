import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document ??= { querySelector: () => null };
globalThis.location ??= { origin: "http://video.test", pathname: "/web/library" };
const { tellListener, watch } = await import("../../src/efface/web/static/events.js");
const { clock, fileSize, fineClock } = await import("../../src/efface/web/static/words.js");

test("an event is told to who listens for its kind", () => {
  const heard = [];
  const listener = { onVideo: (news) => heard.push(["video", news]), onJob: (news) => heard.push(["job", news]) };
  tellListener('event: video\ndata: {"id": "a",\ndata: "state": "Processed"}', listener);
  tellListener('event: job\ndata: {"id": "j"}', listener);
  tellListener(": a comment", listener);
  tellListener('event: other\ndata: {"id": "x"}', listener);
  assert.deepEqual(heard, [["video", { id: "a", state: "Processed" }], ["job", { id: "j" }]]);
});

test("events are whole however the connection cuts them, accents too", async () => {
  const bytes = new TextEncoder().encode('event: video\r\ndata: {"id":"ä"}\r\n\r\nevent: job\ndata: {"id":"b"}\n\n');
  const body = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  const heard = [];
  await new Promise((resolve) => {
    const stop = watch({ send: async () => ({ body }) }, {
      onVideo: (news) => heard.push(news.id),
      onJob: (news) => {
        heard.push(news.id);
        stop();
        resolve(undefined);
      },
    });
  });
  assert.deepEqual(heard, ["ä", "b"]);
});

test("who hears nothing is told to look", async () => {
  let asked = 0;
  const real = globalThis.setTimeout;
  globalThis.setTimeout = /** @type {any} */ ((act, ms) => real(act, Math.min(ms, 1)));
  await new Promise((resolve) => {
    const stop = watch({ send: async () => { asked++; throw new Error("away"); } }, {
      onPoll: () => {
        stop();
        resolve(undefined);
      },
    });
  });
  globalThis.setTimeout = real;
  assert.equal(asked, 2);
});

test("whoever was cut off is told to look once, when events come again", async () => {
  const told = [];
  const real = globalThis.setTimeout;
  globalThis.setTimeout = /** @type {any} */ ((act, ms) => real(act, Math.min(ms, 1)));
  const bodyOf = (id) => new ReadableStream({
    start(controller) {
      for (const text of ["retry: 2000\n\n", `event: job\ndata: {"id":"${id}"}\n\n`]) controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
  let number = 0;
  await new Promise((resolve) => {
    const stop = watch({ send: async () => ({ body: bodyOf(++number) }) }, {
      onJob: (news) => {
        told.push(news.id);
        if (number < 2) return;
        stop();
        resolve(undefined);
      },
      onPoll: () => told.push("look"),
    });
  });
  globalThis.setTimeout = real;
  assert.deepEqual(told, ["1", "look", "2"]);
});

test("times and sizes in words", () => {
  assert.deepEqual([clock(0), clock(59.99), clock(61), clock(3723)], ["0:00", "0:59", "1:01", "1:02:03"]);
  assert.deepEqual([fineClock(0.3), fineClock(61.96)], ["0:00.3", "1:01.9"]);
  assert.deepEqual([fileSize(999), fileSize(1500), fileSize(2_000_000_000)], ["999 B", "1.5 kB", "2.0 GB"]);
});
