/**
 * Where every face and region is, frame by frame: a summary at once, and boxes in chunks around the playhead.
 * Time is the video's own: integer PTS, and seconds from the first frame.
 */

/** @typedef {[number, number, number, number]} Box x1, y1, x2, y2 in pixels of the upright frame */
/** @typedef {{id: number, firstFrame: number, endFrame: number, score: number}} TrackSpan */
/** @typedef {{id: number, name: string, isNamed: boolean, thumbnailId: string | null, seenSeconds: number, tracks: TrackSpan[]}} Face */
/** @typedef {{frame: number, reason: string}} Loss */
/** @typedef {{id: number, label: string, kind: string | null, isFollowed: boolean, state: string, parts: [number, number][], lost: Loss[],
 *   keyframes: {frame: number, box: Box}[], firstFrame: number, endFrame: number}} RegionSummary */
/** @typedef {{indexVersion: number | string, editsRevision: number, sourceSha256: string, width: number, height: number, numFrames: number,
 *   timeBase: {numerator: number, denominator: number}, startPts: number, endPts: number, frameRate: number | null, chunkFrames: number,
 *   chunks: {firstFrame: number, endFrame: number, firstPts: number}[], shots: [number, number][], faces: Face[],
 *   regions: RegionSummary[], mutes: {start: number, end: number}[]}} Summary */
/** @typedef {{id: number, firstFrame: number, boxes: Float32Array}} Path four numbers a frame */
/** @typedef {{firstFrame: number, endFrame: number, revision: number, pts: Float64Array, tracks: Path[], regions: Path[]}} Chunk revision of the corrections */
/** @typedef {{trackId: number, faceId: number, box: Box}} FaceBox */
/** @typedef {{regionId: number, box: Box}} RegionBox */
/** @typedef {{get: (path: string, options?: {query?: Record<string, any>, signal?: AbortSignal}) => Promise<any>}} Reader */

const MAX_CHUNKS = 12;
const EIGHTH = 0.125;
const ROUNDING_S = 3e-6;

/** Tells "summary" when people or regions have changed, "chunk" when boxes have come. */
export class TrackStore extends EventTarget {
  /** @type {Map<number, Chunk>} in order of use, the latest last */
  #chunks = new Map();
  /** @type {Map<number, Promise<void>>} */
  #coming = new Map();
  /** @type {Map<number, number>} */
  #faceOfTrack = new Map();
  /** @type {Map<number, TrackSpan>} */
  #spans = new Map();
  #generation = 0;
  #asked = 0;
  #taken = 0;

  /** @param {Reader} reader @param {string} videoId */
  constructor(reader, videoId) {
    super();
    this.reader = reader;
    this.videoId = videoId;
    /** @type {Summary} */
    this.summary = /** @type {any} */ (null);
  }

  /** Fetch the summary; boxes that were loaded before are fetched anew when they are asked for. @returns {Promise<Summary>} */
  async load() {
    const asked = ++this.#asked;
    const summary = await this.reader.get(`/Videos/${this.videoId}/Tracks`);
    // An answer to an earlier question may come later, and would bring back what has been corrected since.
    if (asked > this.#taken) {
      this.#taken = asked;
      this.take(summary);
    }
    return summary;
  }

  /** Take over a summary, of this video as it is now. @param {Summary} summary */
  take(summary) {
    this.summary = summary;
    this.#generation++;
    this.#coming.clear();
    // The old boxes stay in view until those that replace them are here, so that nothing flickers.
    for (const chunk of this.#chunks.values()) stale.add(chunk);
    this.#faceOfTrack = new Map(summary.faces.flatMap((face) => face.tracks.map((track) => [track.id, face.id])));
    this.#spans = new Map(summary.faces.flatMap((face) => face.tracks.map((track) => [track.id, track])));
    this.dispatchEvent(new Event("summary"));
  }

  /** Seconds that one tick lasts. */
  get tickSeconds() {
    const { numerator, denominator } = this.summary.timeBase;
    return numerator / denominator;
  }

  /** Seconds from the first frame to the end of the last. */
  get duration() {
    return (this.summary.endPts - this.summary.startPts) * this.tickSeconds;
  }

  /** Whom a track shows, null for one that is not there any more. @param {number} trackId */
  faceOf(trackId) {
    return this.#faceOfTrack.get(trackId) ?? null;
  }

  /** From when to when a track is, null for one that is not there any more. @param {number} trackId */
  trackOf(trackId) {
    return this.#spans.get(trackId) ?? null;
  }

  /** The revision of the corrections that the boxes of a frame are of. @param {number} frame */
  revisionAt(frame) {
    return this.#chunks.get(this.#chunkNumber(frame))?.revision ?? this.summary.editsRevision;
  }

  /**
   * Have the boxes around a frame come, and those after it.
   * @param {number} frame
   * @returns {Promise<void>} when those of the frame itself are here
   */
  async need(frame) {
    const number = this.#chunkNumber(frame);
    const here = this.#load(number);
    const { firstFrame, endFrame } = this.summary.chunks[number];
    // Half a chunk ahead is half a minute; going back is as likely near its beginning.
    const neighbour = frame - firstFrame > (endFrame - firstFrame) / 2 ? number + 1 : number - 1;
    if (neighbour in this.summary.chunks) void this.#load(neighbour).catch(() => {});
    await here;
  }

  /** Whether the exact times and boxes of a frame are here. @param {number} frame */
  has(frame) {
    return this.#chunks.has(this.#chunkNumber(frame));
  }

  /** Faces of a frame; none while they are not loaded. @param {number} frame @returns {FaceBox[]} */
  boxesAt(frame) {
    const chunk = this.#chunks.get(this.#chunkNumber(frame));
    if (!chunk) return [];
    const found = [];
    for (const path of chunk.tracks) {
      const box = boxOf(path, frame);
      const faceId = this.#faceOfTrack.get(path.id);
      if (box && faceId !== undefined) found.push({ trackId: path.id, faceId, box });
    }
    return found;
  }

  /** Regions of a frame as the service knows them. @param {number} frame @returns {RegionBox[]} */
  regionsAt(frame) {
    const chunk = this.#chunks.get(this.#chunkNumber(frame));
    if (!chunk) return [];
    const found = [];
    for (const path of chunk.regions) {
      const box = boxOf(path, frame);
      if (box) found.push({ regionId: path.id, box });
    }
    return found;
  }

  /**
   * The frame that is shown at a time: the last one that has begun. Exact where the chunk is loaded.
   * @param {number} seconds from the first frame
   */
  frameAtTime(seconds) {
    // Half a tick: a time that came through floating point is not a frame earlier. Nor is one of a browser, in microseconds.
    const pts = this.summary.startPts + seconds / this.tickSeconds + Math.max(0.5, ROUNDING_S / this.tickSeconds);
    const number = lastAtMost(this.summary.chunks.length, (i) => this.summary.chunks[i].firstPts, pts);
    const { firstFrame, endFrame, firstPts } = this.summary.chunks[number];
    const chunk = this.#chunks.get(number);
    if (chunk) return firstFrame + lastAtMost(chunk.pts.length, (i) => chunk.pts[i], pts);
    const share = (pts - firstPts) / (this.#chunkEndPts(number) - firstPts);
    return Math.min(endFrame - 1, firstFrame + Math.floor(Math.min(1, Math.max(0, share)) * (endFrame - firstFrame)));
  }

  /**
   * When a frame begins, and when the next one does, in seconds from the first frame. Exact where the chunk is loaded.
   * @param {number} frame
   * @returns {[number, number]}
   */
  timesOfFrame(frame) {
    return [this.#startOf(frame), frame + 1 < this.summary.numFrames ? this.#startOf(frame + 1) : this.duration];
  }

  /** When a frame begins, in seconds from the first frame. @param {number} frame */
  timeOfFrame(frame) {
    return this.#startOf(frame);
  }

  /** A frame that is there. @param {number} frame */
  clampFrame(frame) {
    return Math.min(this.summary.numFrames - 1, Math.max(0, Math.round(frame)));
  }

  /** @param {number} frame */
  #startOf(frame) {
    const number = this.#chunkNumber(frame);
    const { firstFrame, endFrame, firstPts } = this.summary.chunks[number];
    const chunk = this.#chunks.get(number);
    const pts = chunk
      ? chunk.pts[frame - firstFrame]
      : firstPts + ((frame - firstFrame) / (endFrame - firstFrame)) * (this.#chunkEndPts(number) - firstPts);
    return (pts - this.summary.startPts) * this.tickSeconds;
  }

  /** @param {number} number */
  #chunkEndPts(number) {
    return this.summary.chunks[number + 1]?.firstPts ?? this.summary.endPts;
  }

  /** @param {number} frame */
  #chunkNumber(frame) {
    return lastAtMost(this.summary.chunks.length, (i) => this.summary.chunks[i].firstFrame, frame);
  }

  /** @param {number} number @returns {Promise<void>} */
  #load(number) {
    const known = this.#chunks.get(number);
    if (known) {
      this.#chunks.delete(number);
      this.#chunks.set(number, known);
      if (!stale.has(known)) return Promise.resolve();
    }
    let coming = this.#coming.get(number);
    if (!coming) {
      coming = this.#fetch(number, this.#generation).finally(() => {
        if (this.#coming.get(number) === coming) this.#coming.delete(number);
      });
      this.#coming.set(number, coming);
    }
    return coming;
  }

  /** @param {number} number @param {number} generation */
  async #fetch(number, generation) {
    const query = { edits: this.summary.editsRevision };
    const answer = await this.reader.get(`/Videos/${this.videoId}/Tracks/${number}`, { query });
    if (generation !== this.#generation) return;
    this.#chunks.delete(number);
    this.#chunks.set(number, decodeChunk(answer, query.edits));
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= MAX_CHUNKS) break;
      this.#chunks.delete(oldest);
    }
    this.dispatchEvent(new Event("chunk"));
  }
}

/** Chunks of an earlier revision: to be drawn until the new ones are here. @type {WeakSet<Chunk>} */
const stale = new WeakSet();

/** A chunk as it is sent, into numbers that are quick to look up. @param {any} answer @param {number} revision of the corrections @returns {Chunk} */
export function decodeChunk(answer, revision) {
  return {
    revision,
    firstFrame: answer.firstFrame,
    endFrame: answer.endFrame,
    pts: Float64Array.from(answer.pts),
    tracks: answer.tracks.map(decodePath),
    regions: answer.regions.map(decodePath),
  };
}

/** @param {{id: number, firstFrame: number, boxes: number[]}} path @returns {Path} */
function decodePath({ id, firstFrame, boxes }) {
  const edges = new Float32Array(boxes.length);
  const eighths = [0, 0, 0, 0];
  for (let i = 0; i < boxes.length; i++) {
    eighths[i & 3] += boxes[i];
    edges[i] = eighths[i & 3] * EIGHTH;
  }
  return { id, firstFrame, boxes: edges };
}

/** @param {Path} path @param {number} frame @returns {Box | null} */
function boxOf(path, frame) {
  const at = (frame - path.firstFrame) * 4;
  if (at < 0 || at >= path.boxes.length) return null;
  return [path.boxes[at], path.boxes[at + 1], path.boxes[at + 2], path.boxes[at + 3]];
}

/**
 * The last of n ascending values that is not above a limit; 0 when all are.
 * @param {number} n @param {(i: number) => number} valueAt @param {number} limit
 */
export function lastAtMost(n, valueAt, limit) {
  let low = 0;
  let high = n;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (valueAt(middle) <= limit) low = middle;
    else high = middle;
  }
  return low;
}
