import assert from "node:assert/strict";
import { test } from "node:test";
import { TrackStore, decodeChunk, lastAtMost } from "../../src/efface/web/static/review/tracks.js";
import { FakeVideo } from "./fake_video.mjs";

/** @param {FakeVideo} video */
async function opened(video) {
  const store = new TrackStore(video, "v");
  await store.load();
  return store;
}

test("boxes are sums of differences in eighths of a pixel", () => {
  const chunk = decodeChunk({ firstFrame: 0, endFrame: 3, pts: [0, 1, 2], regions: [],
    tracks: [{ id: 1, firstFrame: 1, boxes: [8, 16, 80, 88, 4, 0, -4, 1] }] });
  assert.deepEqual([...chunk.tracks[0].boxes], [1, 2, 10, 11, 1.5, 2, 9.5, 11.125]);
});

test("a frame has the boxes of its tracks and no others", async () => {
  const store = await opened(new FakeVideo({ numFrames: 100, tracks: [{ id: 1, face: 1001, first: 10, end: 20 }, { id: 2, face: 1002, first: 19, end: 40 }] }));
  await store.need(0);
  assert.deepEqual(store.boxesAt(9), []);
  assert.deepEqual(store.boxesAt(10).map((box) => box.trackId), [1]);
  assert.deepEqual(store.boxesAt(19).map((box) => box.faceId), [1001, 1002]);
  assert.deepEqual(store.boxesAt(20).map((box) => box.box), [[21, 20, 41, 50]]);
});

test("every frame of a variable rate is found by its time, to the tick", async () => {
  const pts = Array.from({ length: 400 }, (_, i) => 7000 + i * 3000 + (i % 7) * 211 + Math.floor(i / 50) * 90001);
  const store = await opened(new FakeVideo({ numFrames: 400, pts, timeBase: { numerator: 1, denominator: 90000 }, chunkFrames: 64 }));
  for (let frame = 0; frame < 400; frame++) {
    await store.need(frame);
    const time = store.timeOfFrame(frame);
    assert.equal(store.frameAtTime(time), frame);
    // As browsers tell it: rounded to microseconds.
    assert.equal(store.frameAtTime(Math.round(time * 1e6) / 1e6), frame);
    const [start, end] = store.timesOfFrame(frame);
    assert.equal(store.frameAtTime((start + end) / 2), frame);
  }
});

test("before its chunk is here a time is guessed within the chunk", async () => {
  const store = await opened(new FakeVideo({ numFrames: 1000, chunkFrames: 100 }));
  assert.ok(!store.has(555));
  const guess = store.frameAtTime(store.timeOfFrame(555));
  assert.ok(Math.abs(guess - 555) <= 1, String(guess));
  assert.equal(store.frameAtTime(1e9), 999);
  assert.equal(store.frameAtTime(-5), 0);
});

test("few chunks are kept, the latest used, and each is fetched once", async () => {
  const video = new FakeVideo({ numFrames: 5000, chunkFrames: 100 });
  const store = await opened(video);
  for (let frame = 0; frame < 5000; frame += 50) await store.need(frame);
  assert.ok(store.has(4950));
  assert.ok(!store.has(100));
  assert.equal(new Set(video.asked).size, video.asked.length);
  await store.need(100);
  assert.equal(video.asked.filter((path) => path.endsWith("/Tracks/1")).length, 2);
});

test("after a new revision the old boxes stay until the new ones are here", async () => {
  const video = new FakeVideo({ numFrames: 100, tracks: [{ id: 1, face: 1001, first: 0, end: 100 }] });
  const store = await opened(video);
  await store.need(0);
  video.revision = 1;
  video.tracks[0].shift = 500;
  await store.load();
  assert.equal(store.boxesAt(5)[0].box[0], 6);
  await store.need(5);
  assert.equal(store.boxesAt(5)[0].box[0], 506);
});

test("an answer of an earlier revision is thrown away", async () => {
  const video = new FakeVideo({ numFrames: 100, tracks: [{ id: 1, face: 1001, first: 0, end: 100 }] });
  const store = await opened(video);
  let letGo = () => {};
  const held = new Promise((resolve) => { letGo = () => resolve(undefined); });
  store.reader = { get: async (path) => { const answer = await video.get(path); await held; return answer; } };
  const early = store.need(0);
  store.reader = video;
  video.revision = 1;
  await store.load();
  letGo();
  await early;
  assert.ok(!store.has(0));
});

test("a summary that was asked for earlier and comes later brings nothing back", async () => {
  const answers = [];
  const store = new TrackStore({ get: () => new Promise((resolve) => answers.push(resolve)) }, "v");
  const loads = [store.load(), store.load()];
  const summaryOf = (editsRevision) => ({ ...new FakeVideo({ numFrames: 10 }).summary(), editsRevision });
  answers[1](summaryOf(2));
  await loads[1];
  answers[0](summaryOf(1));
  await loads[0];
  assert.equal(store.summary.editsRevision, 2);
});

test("two hours with two hundred tracks open and are looked up without a pause", async () => {
  const numFrames = 2 * 3600 * 30;
  const tracks = Array.from({ length: 200 }, (_, i) => ({ id: i + 1, face: 1001 + (i % 40), first: i * 1000, end: i * 1000 + 9000 }));
  const video = new FakeVideo({ numFrames, tracks, chunkFrames: 1500 });
  const store = new TrackStore(video, "v");
  const begun = performance.now();
  await store.load();
  assert.ok(performance.now() - begun < 200, "opening");
  await store.need(100_000);
  const looked = performance.now();
  for (let i = 0; i < 1000; i++) store.boxesAt(100_000 + (i % 400));
  assert.ok((performance.now() - looked) / 1000 < 0.5, "a look-up in half a millisecond");
});

test("the last value at most a limit", () => {
  const values = [0, 5, 5, 9];
  assert.deepEqual([-1, 0, 4, 5, 8, 9, 100].map((limit) => lastAtMost(4, (i) => values[i], limit)), [0, 0, 0, 2, 2, 3, 3]);
});
