/** An original that this browser cannot play, in stills of the service beside its redacted video. */

import { fetchStill } from "./review/preview.js";
import { bareBody } from "./review/redaction_body.js";

const SETTLE_MS = 150;
const MAX_SIDE = 1280;

export class OriginalStills {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #due;
  /** @type {AbortController | null} */
  #control = null;

  /**
   * Show what belongs to the moment at which the redacted video is paused, from now on.
   * @param {import("./api.js").ApiClient} api @param {HTMLImageElement} image @param {import("./review/clock.js").FrameClock} clock of the redacted video
   */
  constructor(api, image, clock) {
    this.api = api;
    this.image = image;
    this.clock = clock;
    clock.addEventListener("shown", () => this.#soon());
    clock.video.addEventListener("pause", () => this.#soon());
    this.#soon();
  }

  #soon() {
    clearTimeout(this.#due);
    this.#control?.abort();
    if (this.clock.video.paused) this.#due = setTimeout(() => void this.#show(), SETTLE_MS);
  }

  async #show() {
    const control = new AbortController();
    this.#control = control;
    const { clock, image } = this;
    const { summary, videoId } = clock.tracks;
    try {
      const body = bareBody(summary.faces.map((face) => face.id));
      const url = await fetchStill(this.api, videoId, clock.shown, body, MAX_SIDE, control.signal);
      if (image.src) URL.revokeObjectURL(image.src);
      image.src = url;
      image.hidden = false;
    } catch {
      // The one before stays; the next pause or step tries again.
    }
  }
}
