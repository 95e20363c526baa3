/** Having the service follow what was drawn, one region after the other, with progress. */

/** @typedef {import("./edit_operations.js").Region} Region */
/** @typedef {import("./tracks.js").Loss} Loss */
/** @typedef {{done: number, total: number}} Progress */

/** Tells "change" when something begins, goes on or ends, "followed" when a path was found, "problem" with an error in `detail`. */
export class Follower extends EventTarget {
  /** @type {Region[]} */
  #waiting = [];
  /** @type {Set<string>} what is not tried again by itself */
  #given = new Set();
  /** @type {AbortController | null} */
  #control = null;

  /** @param {import("../api.js").ApiClient} api @param {string} videoId */
  constructor(api, videoId) {
    super();
    this.api = api;
    this.videoId = videoId;
    /** @type {Region | null} */
    this.current = null;
    /** @type {Progress} */
    this.progress = { done: 0, total: 0 };
  }

  /** Follow these, and nothing else any more. @param {Region[]} regions that were not followed yet */
  want(regions) {
    this.#waiting = regions.filter((region) => !this.#given.has(keyOf(region)));
    if (this.current && !regions.some((region) => keyOf(region) === keyOf(/** @type {Region} */ (this.current)))) this.#control?.abort();
    if (!this.current) void this.#run();
  }

  /** Stop following what is followed now. It is followed when the video is redacted. */
  cancel() {
    if (this.current) this.#given.add(keyOf(this.current));
    this.#control?.abort();
  }

  /** Try a region again that was given up. @param {Region} region */
  again(region) {
    this.#given.delete(keyOf(region));
    this.#waiting.push(region);
    if (!this.current) void this.#run();
  }

  /** @param {Region} region */
  isGivenUp(region) {
    return this.#given.has(keyOf(region));
  }

  async #run() {
    for (;;) {
      const region = this.#waiting.shift();
      if (!region) break;
      this.current = region;
      this.progress = { done: 0, total: 0 };
      this.#control = new AbortController();
      this.dispatchEvent(new Event("change"));
      try {
        await this.#follow(region, this.#control.signal);
        // Whatever comes of it, it is not asked for twice.
        this.#given.add(keyOf(region));
        this.dispatchEvent(new Event("followed"));
      } catch (error) {
        if (!this.#control.signal.aborted) {
          this.#given.add(keyOf(region));
          this.dispatchEvent(new CustomEvent("problem", { detail: error }));
        }
      }
      this.current = null;
      this.dispatchEvent(new Event("change"));
    }
  }

  /** @param {Region} region @param {AbortSignal} signal */
  async #follow(region, signal) {
    const headers = { "Content-Type": "application/json", Accept: "application/x-ndjson" };
    const body = JSON.stringify({ region });
    const answer = await this.api.send("POST", `/Videos/${this.videoId}/Regions/Follow`, { headers, body, signal });
    let isFollowed = false;
    for await (const line of linesOf(/** @type {ReadableStream<Uint8Array>} */ (answer.body))) {
      const news = JSON.parse(line);
      if (news.error) throw new Error(news.error);
      if (news.path) isFollowed = true;
      else if (news.total) {
        this.progress = { done: news.done, total: news.total };
        this.dispatchEvent(new Event("change"));
      }
    }
    if (!isFollowed) throw new Error("Following was cut off: it goes on when the video is redacted.");
  }
}

/** Lines of a stream as they come. @param {ReadableStream<Uint8Array>} stream @returns {AsyncGenerator<string>} */
export async function* linesOf(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (text + decoder.decode(value, { stream: !done })).split("\n");
    text = done ? "" : (lines.pop() ?? "");
    for (const line of lines) if (line.trim()) yield line;
    if (done) return;
  }
}

/** What its path depends on. @param {Region} region */
function keyOf({ id, keyframes, first_frame, end_frame }) {
  return JSON.stringify([id, keyframes, first_frame, end_frame]);
}
