/**
 * Who is kept and who is redacted. Everybody is redacted unless somebody has said otherwise, for this very person as
 * the tracks were then: a person to whom tracks have come since is redacted again, and told.
 */

/** @typedef {import("./tracks.js").Face} Face */
/** @typedef {import("./steps.js").KeptChange} KeptChange */
/** @typedef {{what: "keep" | "redact" | "invert", face: Face | null, kept: KeptChange[]}} Chosen `face` is null for everybody */
/** @typedef {{getItem: (key: string) => string | null, setItem: (key: string, value: string) => void}} Store */

const PREFIX = "efface.keep.";

/** Tells "change", and "chosen" with {what, kept} when somebody has chosen: what to say of it, and what it changed. */
export class Choice extends EventTarget {
  /** @type {Map<number, Set<number>>} tracks of each kept person, as they were when that was chosen */
  #kept = new Map();
  /** @type {Map<number, Set<number>>} who is to be kept again as soon as they are whom they were then */
  #awaited = new Map();
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

  /** Take over what another tab of this browser has chosen: what is remembered, and nothing else. @param {string | null} key that was written @returns {boolean} whether it was this choice */
  adopt(key) {
    if (key !== this.#key) return false;
    const { index, kept } = this.#remembered();
    if (index !== this.indexVersion) return false;
    this.#kept = kept;
    this.update(this.#faces);
    this.dispatchEvent(new Event("change"));
    return true;
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
    const kept = this.#changed([faceId], () => {
      if (isKept) this.#kept.set(faceId, tracksOf(face));
      else this.#kept.delete(faceId);
    });
    this.#chosen({ what: isKept ? "keep" : "redact", face, kept });
  }

  /** @param {number} faceId */
  toggle(faceId) {
    this.set(faceId, !this.isKept(faceId));
  }

  /** @param {"redact" | "keep" | "invert"} what */
  setAll(what) {
    const chosen = this.#faces.filter((face) => what === "keep" || (what === "invert" && !this.isKept(face.id)));
    const kept = this.#changed([...this.#faces.map((face) => face.id), ...this.#kept.keys()], () => {
      this.#kept = new Map(chosen.map((face) => [face.id, tracksOf(face)]));
    });
    this.#chosen({ what, face: null, kept });
  }

  /**
   * People merged into one are kept only if all of them were.
   * @param {number[]} faceIds who become the smallest of these ids @returns {KeptChange[]} what that changes, to be undone with the merge
   */
  merge(faceIds) {
    const id = Math.min(...faceIds);
    const tracks = this.#faces.filter((face) => faceIds.includes(face.id)).flatMap((face) => face.tracks.map((track) => track.id));
    const isKept = faceIds.every((each) => this.isKept(each));
    const kept = this.#changed(faceIds, () => {
      for (const each of faceIds) this.#kept.delete(each);
      if (isKept) this.#kept.set(id, new Set(tracks));
    });
    this.#told();
    return kept;
  }

  /**
   * Have people as they were before or after a step. Nobody but those whom the step has changed, and kept only as whom
   * they were then: with the same tracks or fewer.
   * @param {KeptChange[]} changes @param {"before" | "after"} side
   * @param {boolean} isCorrection people change by it as well: until they have, they are redacted
   * @returns {Face[]} those who are kept again
   */
  restore(changes, side, isCorrection) {
    for (const change of changes) {
      this.#kept.delete(change.id);
      this.#awaited.delete(change.id);
      const tracks = change[side];
      if (tracks) this.#awaited.set(change.id, new Set(tracks));
    }
    if (!isCorrection) return this.settle();
    this.#told();
    return [];
  }

  /** The people are now as they are after all corrections: keep those who waited for it. @returns {Face[]} who they are */
  settle() {
    const again = this.#faces.filter((face) => {
      const tracks = this.#awaited.get(face.id);
      return tracks && face.tracks.every((track) => tracks.has(track.id));
    });
    for (const face of again) this.#kept.set(face.id, tracksOf(face));
    this.#awaited.clear();
    this.#told();
    return again;
  }

  get isAwaiting() {
    return this.#awaited.size > 0;
  }

  /** The corrections that somebody waited for will not come: whoever waited stays redacted. */
  giveUp() {
    this.#awaited.clear();
  }

  /**
   * Do something, and tell whom it has changed.
   * @param {number[]} faceIds whom it may change @param {() => void} act @returns {KeptChange[]}
   */
  #changed(faceIds, act) {
    const before = new Map(faceIds.map((id) => [id, this.#listed(id)]));
    for (const id of before.keys()) this.#awaited.delete(id);
    act();
    const changes = [...before].map(([id, tracks]) => ({ id, before: tracks, after: this.#listed(id) }));
    return changes.filter((change) => String(change.before) !== String(change.after));
  }

  /** @param {number} faceId */
  #listed(faceId) {
    const tracks = this.#kept.get(faceId);
    return tracks ? [...tracks] : null;
  }

  /** @param {Chosen} detail */
  #chosen(detail) {
    this.#told();
    this.dispatchEvent(new CustomEvent("chosen", { detail }));
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
