/** A video of the service in memory: answers what TrackStore and EditsStore ask. */

/** @typedef {{id: number, face: number, first: number, end: number, shift?: number}} FakeTrack */

export class FakeVideo {
  /** @param {{numFrames?: number, pts?: number[], timeBase?: {numerator: number, denominator: number}, chunkFrames?: number, tracks?: FakeTrack[]}} options */
  constructor({ numFrames = 100, pts, timeBase = { numerator: 1, denominator: 12800 }, chunkFrames = 1500, tracks = [] }) {
    this.numFrames = numFrames;
    this.pts = pts ?? Array.from({ length: numFrames }, (_, i) => i * 512);
    this.timeBase = timeBase;
    this.chunkFrames = chunkFrames;
    this.tracks = tracks;
    this.revision = 0;
    /** @type {string[]} */
    this.asked = [];
  }

  /** @param {string} path */
  async get(path) {
    this.asked.push(path);
    const number = /\/Tracks\/(\d+)$/.exec(path)?.[1];
    return structuredClone(number === undefined ? this.summary() : this.chunk(Number(number)));
  }

  summary() {
    const chunks = [];
    for (let first = 0; first < this.numFrames; first += this.chunkFrames) {
      chunks.push({ firstFrame: first, endFrame: Math.min(this.numFrames, first + this.chunkFrames), firstPts: this.pts[first] });
    }
    /** @type {Map<number, any>} */
    const faces = new Map();
    for (const track of this.tracks) {
      const face = faces.get(track.face) ?? { id: track.face, name: `Unknown #${track.face - 1000}`, isNamed: false, thumbnailId: null, seenSeconds: 1, tracks: [] };
      face.tracks.push({ id: track.id, firstFrame: track.first, endFrame: track.end, score: 0.9 });
      faces.set(track.face, face);
    }
    const last = this.pts[this.numFrames - 1];
    return { indexVersion: "a", editsRevision: this.revision, sourceSha256: "0".repeat(64), width: 640, height: 360, numFrames: this.numFrames,
      timeBase: this.timeBase, startPts: this.pts[0], endPts: last + 512, frameRate: 25, chunkFrames: this.chunkFrames, chunks,
      shots: [[0, this.numFrames]], faces: [...faces.values()], regions: [], mutes: [] };
  }

  /** @param {number} number */
  chunk(number) {
    const { firstFrame, endFrame } = this.summary().chunks[number];
    const tracks = [];
    for (const track of this.tracks) {
      const first = Math.max(track.first, firstFrame);
      const count = Math.min(track.end, endFrame) - first;
      if (count <= 0) continue;
      const left = (first + 1 + (track.shift ?? 0)) * 8;
      const boxes = [left, 160, left + 160, 400];
      for (let i = 1; i < count; i++) boxes.push(8, 0, 8, 0);
      tracks.push({ id: track.id, firstFrame: first, boxes });
    }
    return { firstFrame, endFrame, pts: this.pts.slice(firstFrame, endFrame), tracks, regions: [] };
  }
}
