/** An original that this browser cannot play, in stills of the service beside its redacted video. */

import { fetchStill } from "./review/preview.js";
import { bareBody } from "./review/redaction_body.js";
import { TrackStore } from "./review/tracks.js";

const SETTLE_MS = 150;
const MAX_SIDE = 1280;

export class OriginalStills {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #due;
  /** @type {AbortController | null} */
  #control = null;

  /** @param {import("./api.js").ApiClient} api @param {string} videoId of the original @param {HTMLImageElement} image @param {HTMLVideoElement} leader the redacted one */
  constructor(api, videoId, image, leader) {
    this.api = api;
    this.videoId = videoId;
    this.image = image;
    this.leader = leader;
    // As it was found: stills without a correction hide nothing.
    const reader = { get: (/** @type {string} */ path, options = {}) => api.get(path, { ...options, query: { edits: 0 } }) };
    this.tracks = new TrackStore(reader, videoId);
  }

  /** Show what belongs to the moment at which the redacted one is paused, from now on. @throws what keeps the original from being shown */
  async start() {
    await this.tracks.load();
    for (const kind of ["pause", "seeked", "loadeddata"]) this.leader.addEventListener(kind, () => this.#soon());
    this.#soon();
  }

  #soon() {
    clearTimeout(this.#due);
    this.#control?.abort();
    if (this.leader.paused) this.#due = setTimeout(() => void this.#show(), SETTLE_MS);
  }

  async #show() {
    const control = new AbortController();
    this.#control = control;
    const { tracks, leader, image } = this;
    try {
      const guess = tracks.frameAtTime(leader.currentTime);
      await tracks.need(guess);
      const frame = tracks.frameAtTime(leader.currentTime);
      const body = bareBody(tracks.summary.faces.map((face) => face.id));
      const url = await fetchStill(this.api, this.videoId, frame, body, MAX_SIDE, control.signal);
      if (image.src) URL.revokeObjectURL(image.src);
      image.src = url;
      image.hidden = false;
    } catch {
      // The one before stays; the next pause or step tries again.
    }
  }
}
