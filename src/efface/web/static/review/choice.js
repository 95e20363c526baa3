/**
 * Who is kept and who is redacted. Everybody is redacted unless somebody has said otherwise, for this very person as
 * the tracks were then: a person to whom tracks have come since is redacted again, and told.
 */

/** @typedef {import("./tracks.js").Face} Face */
/** @typedef {{getItem: (key: string) => string | null, setItem: (key: string, value: string) => void}} Store */

const PREFIX = "efface.keep.";

/** Tells "change". */
export class Choice extends EventTarget {
  /** @type {Map<number, Set<number>>} tracks of each kept person, as they were when that was chosen */
  #kept = new Map();
  /** @type {Face[]} */
  #faces = [];
  #key = "";

  /** @param {Store | null} store where the choice is remembered, of this browser alone */
  constructor(store) {
    super();
    this.store = store;
  }

  /**
   * Take over what was remembered.
   * @param {string} accountId @param {string} videoId @param {string | number} indexVersion face ids belong to one index
   * @returns {boolean} whether people were kept before the video was analysed anew, who are redacted again
   */
  open(accountId, videoId, indexVersion) {
    this.#key = `${PREFIX}${accountId}.${videoId}`;
    this.indexVersion = String(indexVersion);
    const { index, kept } = this.#remembered();
    this.#kept = index === this.indexVersion ? kept : new Map();
    return index !== this.indexVersion && kept.size > 0;
  }

  /**
   * The people as they are now.
   * @param {Face[]} faces
   * @returns {Face[]} those who were kept and are redacted again, because they are not whom they were
   */
  update(faces) {
    this.#faces = faces;
    const changed = [];
    const there = new Map(faces.map((face) => [face.id, face]));
    for (const [id, tracks] of this.#kept) {
      const face = there.get(id);
      if (!face) this.#kept.delete(id);
      else if (face.tracks.some((track) => !tracks.has(track.id))) {
        this.#kept.delete(id);
        changed.push(face);
      }
    }
    this.#save();
    return changed;
  }

  /** @param {number} faceId */
  isKept(faceId) {
    return this.#kept.has(faceId);
  }

  /** Ids of those who are kept, in ascending order. @returns {number[]} */
  get keptIds() {
    return [...this.#kept.keys()].sort((a, b) => a - b);
  }

  get numKept() {
    return this.#kept.size;
  }

  get numRedacted() {
    return this.#faces.length - this.#kept.size;
  }

  /** @param {number} faceId @param {boolean} isKept */
  set(faceId, isKept) {
    const face = this.#faces.find((each) => each.id === faceId);
    if (!face || isKept === this.isKept(faceId)) return;
    if (isKept) this.#kept.set(faceId, tracksOf(face));
    else this.#kept.delete(faceId);
    this.#told();
  }

  /** @param {number} faceId */
  toggle(faceId) {
    this.set(faceId, !this.isKept(faceId));
  }

  /** @param {"redact" | "keep" | "invert"} what */
  setAll(what) {
    const kept = this.#faces.filter((face) => what === "keep" || (what === "invert" && !this.isKept(face.id)));
    this.#kept = new Map(kept.map((face) => [face.id, tracksOf(face)]));
    this.#told();
  }

  /** People merged into one are kept only if all of them were. @param {number[]} faceIds who become the smallest of these ids */
  merge(faceIds) {
    const id = Math.min(...faceIds);
    const tracks = this.#faces.filter((face) => faceIds.includes(face.id)).flatMap((face) => face.tracks.map((track) => track.id));
    const isKept = faceIds.every((each) => this.isKept(each));
    for (const each of faceIds) this.#kept.delete(each);
    if (isKept) this.#kept.set(id, new Set(tracks));
    this.#told();
  }

  #told() {
    this.#save();
    this.dispatchEvent(new Event("change"));
  }

  #save() {
    const kept = [...this.#kept].map(([id, tracks]) => [id, [...tracks]]);
    try {
      this.store?.setItem(this.#key, JSON.stringify({ index: this.indexVersion, kept }));
    } catch {
      // A full or forbidden store: the choice lasts as long as the page.
    }
  }

  /** @returns {{index: string, kept: Map<number, Set<number>>}} */
  #remembered() {
    try {
      const { index, kept } = JSON.parse(this.store?.getItem(this.#key) ?? "null");
      return { index, kept: new Map(kept.map((/** @type {[number, number[]]} */ [id, tracks]) => [id, new Set(tracks)])) };
    } catch {
      return { index: "", kept: new Map() };
    }
  }
}

/** @param {Face} face */
function tracksOf(face) {
  return new Set(face.tracks.map((track) => track.id));
}
