/** Corrections that could not be saved because the session was over: kept in this tab until somebody is signed in again. */

/** @typedef {import("./edit_operations.js").Document} Document */
/** @typedef {{revision: number, document: Document}} Kept */

export class Keepsake {
  #name;

  /** @param {Storage | null} storage of the tab, null where it is forbidden @param {string} videoId */
  constructor(storage, videoId) {
    this.storage = storage;
    this.#name = `efface-unsaved:${videoId}`;
  }

  /** @param {Kept} kept @returns {boolean} whether it is kept */
  keep(kept) {
    try {
      if (!this.storage) return false;
      this.storage.setItem(this.#name, JSON.stringify(kept));
      return true;
    } catch {
      return false; // too large, or forbidden
    }
  }

  /** What was kept, once. @returns {Kept | null} */
  take() {
    const text = this.storage?.getItem(this.#name);
    if (!text) return null;
    this.storage?.removeItem(this.#name);
    return JSON.parse(text);
  }
}
