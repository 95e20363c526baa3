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

  /** Take over what there is now. @returns {Promise<boolean>} whether it differs from what was shown */
  async catchUp() {
    if (this.#isGone) return true;
    try {
      const item = await this.api.get(`/Library/${this.videoId}`);
      const isCorrected = await this.edits.refresh();
      if (item.indexVersion === this.tracks.summary.indexVersion && !isCorrected) return false;
      // A new index has the page begin anew.
      await this.tracks.load();
      if (isCorrected) tell("This video was corrected elsewhere: those corrections are shown now.");
      return true;
    } catch (error) {
      if (/** @type {any} */ (error)?.status === 404) this.#tellGone();
      return false;
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
