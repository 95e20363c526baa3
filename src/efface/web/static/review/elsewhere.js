/** What others do to the video that stands open: looked for when somebody comes back to the page, taken over, and told. */

import { part } from "../elements.js";
import { onRefusal, tell } from "../notices.js";

const LEAST_MS = 3000;

export class Elsewhere {
  #looked = 0;
  #isGone = false;

  /**
   * @param {HTMLElement} root @param {import("../api.js").ApiClient} api
   * @param {{videoId: string, tracks: import("./tracks.js").TrackStore, edits: import("./edits.js").EditsStore}} models
   */
  constructor(root, api, { videoId, tracks, edits }) {
    this.root = root;
    this.api = api;
    this.videoId = videoId;
    this.tracks = tracks;
    this.edits = edits;
    addEventListener("focus", () => void this.#lookAgain());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) void this.#lookAgain(); });
    onRefusal((status) => { if (status === 404) void this.catchUp(); });
  }

  async #lookAgain() {
    if (Date.now() - this.#looked < LEAST_MS) return;
    this.#looked = Date.now();
    await this.catchUp();
  }

  /** Take over what there is now. */
  async catchUp() {
    if (this.#isGone) return;
    try {
      const item = await this.api.get(`/Library/${this.videoId}`);
      // Corrections that are taken over bring their tracks with them; a new index has the page begin anew.
      if (await this.edits.refresh()) tell("This video was corrected elsewhere: those corrections are shown now.");
      if (item.indexVersion !== this.tracks.summary.indexVersion) await this.tracks.load();
    } catch (error) {
      if (/** @type {any} */ (error)?.status === 404) this.#tellGone();
    }
  }

  #tellGone() {
    this.#isGone = true;
    part(this.root, "#workspace", HTMLElement).hidden = true;
    const failure = part(document, "#failure", HTMLElement);
    failure.textContent = "This video was deleted. Everything else is in the library.";
    failure.hidden = false;
  }
}
