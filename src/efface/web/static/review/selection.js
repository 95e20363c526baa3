/** What is selected on the page: a person, one of its tracks, or a region. */

/** Tells "change". */
export class Selection extends EventTarget {
  constructor() {
    super();
    /** @type {number | null} */
    this.faceId = null;
    /** @type {number | null} */
    this.trackId = null;
    /** @type {number | null} */
    this.regionId = null;
  }

  /** @param {number} faceId @param {number | null} [trackId] */
  face(faceId, trackId = null) {
    this.#set(faceId, trackId, null);
  }

  /** @param {number} regionId */
  region(regionId) {
    this.#set(null, null, regionId);
  }

  clear() {
    this.#set(null, null, null);
  }

  /** @param {number | null} faceId @param {number | null} trackId @param {number | null} regionId */
  #set(faceId, trackId, regionId) {
    if (faceId === this.faceId && trackId === this.trackId && regionId === this.regionId) return;
    Object.assign(this, { faceId, trackId, regionId });
    this.dispatchEvent(new Event("change"));
  }
}
