/** The corrections of a video: kept on the service, revision after revision, and undone and redone here. */

import { completed, emptyDocument, freeFaceId } from "./edit_operations.js";
import { Steps } from "./steps.js";

/** @typedef {import("./edit_operations.js").Document} Document */
/** @typedef {import("./edit_operations.js").Operation} Operation */
/** @typedef {import("./edit_operations.js").DetectedFace} DetectedFace */
/** @typedef {import("./steps.js").KeptChange} KeptChange */
/** @typedef {{operation: Operation | null, what: string, kept: KeptChange[], after: Document}} Unsaved without an operation where a step was undone or redone */

const RETRY_MS = 3000;
/** @type {Document["moved_boxes"]} */
const NOTHING_MOVED = [];

/**
 * Tells "change" when the document has changed, "saved" when the service has it, "status", "problem" with an error in
 * `detail` when something was not saved, and "dropped" when what was not saved is gone for good. "steps" when what can be
 * undone has changed, and "kept" with {kept, way, isCorrection} when who is kept is to be as before a step or after it.
 */
export class EditsStore extends EventTarget {
  /** @type {Promise<void> | null} */
  #saving = null;
  /** @type {Document} as the service has it */
  #saved = emptyDocument("");
  /** @type {Unsaved[]} what has come since, in order */
  #unsaved = [];
  /** Something of several changes was refused: they are sent one by one, to find out which. */
  #isCareful = false;
  #highestFaceId = 0;
  /** Version of the index whose people are corrected. */
  #index = "";
  /** @type {Map<number, Document["moved_boxes"]>} by the revisions that were seen here */
  #moved = new Map();
  /** @type {Promise<void> | null} */
  #detecting = null;
  /** @type {string | null} the index whose people and tracks the saved corrections name */
  #indexDigest = null;

  /**
   * @param {import("../api.js").ApiClient} api @param {string} videoId
   * @param {import("./keepsake.js").Keepsake | null} [keepsake] where what cannot be saved waits for the next session
   * @param {Steps} [steps]
   */
  constructor(api, videoId, keepsake = null, steps = new Steps(null, videoId)) {
    super();
    this.api = api;
    this.videoId = videoId;
    this.keepsake = keepsake;
    this.steps = steps;
    this.document = this.#saved;
    this.revision = 0;
    this.isStale = false;
    /** Whether what is not saved waits in this tab for the next session. */
    this.isKept = false;
    /** @type {DetectedFace[]} */
    this.detected = [];
    /** @type {"saved" | "saving" | "unsaved"} */
    this.status = "saved";
  }

  /** Fetch what was corrected. @param {Promise<import("./tracks.js").Summary>} coming summary of the video, fetched beside it */
  async load(coming) {
    const [answer, summary] = await Promise.all([this.api.get(`/Videos/${this.videoId}/Edits`), coming]);
    if (summary.editsRevision === 0) this.detected = summary.faces;
    else {
      this.#detecting = this.#loadDetected();
      // Whoever needs them is told, by `known`.
      this.#detecting.catch(() => {});
    }
    this.#index = String(summary.indexVersion);
    this.#take(answer, summary.sourceSha256);
    this.steps.restore(this.revision, this.#index);
    this.dispatchEvent(new Event("steps"));
  }

  /** Wait until it is known who there was before any correction, which merging and splitting start from. */
  async known() {
    this.#detecting = this.#detecting?.catch(() => this.#loadDetected()) ?? null;
    await this.#detecting;
  }

  async #loadDetected() {
    this.detected = (await this.api.get(`/Videos/${this.videoId}/Tracks`, { query: { edits: 0 } })).faces;
  }

  /** Bring back what was not saved when the last session ended. */
  restore() {
    const kept = this.keepsake?.take();
    if (!kept) return;
    if (kept.revision === this.revision) this.apply(() => completed(kept.document), "what you did before you signed in again");
    else this.#problem(new Error("Your last correction before you signed in again is lost, since others were saved meanwhile: make it again."));
  }

  get regions() {
    return this.document.regions;
  }

  /** @param {number} id */
  region(id) {
    return this.document.regions.find((region) => region.id === id) ?? null;
  }

  /** The moved boxes of a revision, as far as it was seen here. @param {number} revision */
  movedAt(revision) {
    return this.#moved.get(revision) ?? NOTHING_MOVED;
  }

  /** An id for a new person, one that was nobody's before, not even of somebody who was undone. */
  newFaceId() {
    this.#highestFaceId = Math.max(this.#highestFaceId + 1, freeFaceId(this.document, this.detected));
    return this.#highestFaceId;
  }

  /**
   * Change something, and have it saved.
   * @param {Operation} operation @param {string} what in words, for undo @param {KeptChange[]} [kept] who is kept or redacted by it
   */
  apply(operation, what, kept = []) {
    const after = operation(this.document);
    this.steps.add({ document: this.document, what, kept });
    this.#become({ operation, what, kept, after });
  }

  /** Have something undone and redone in its turn that is no correction. @param {string} what in words @param {KeptChange[]} kept */
  note(what, kept) {
    this.steps.add({ document: null, what, kept });
    this.#tellSteps();
  }

  undo() {
    this.#step("undo");
  }

  redo() {
    this.#step("redo");
  }

  /** Wait until the service has everything. @returns {Promise<void>} @throws what has kept it from being saved */
  async settled() {
    while (this.#saving) await this.#saving;
    if (this.status !== "saved") throw new Error("The last correction is not saved yet: wait until the service can be reached.");
  }

  /** @param {"undo" | "redo"} way */
  #step(way) {
    const step = this.steps.take(way, this.document);
    if (!step) return;
    const { document, kept } = step;
    // Who is kept comes first: by no moment may the corrections be ahead of it.
    if (kept.length) this.dispatchEvent(new CustomEvent("kept", { detail: { kept, way, isCorrection: document !== null } }));
    if (document) this.#become({ operation: null, what: step.what, kept, after: completed(document) });
    else this.#tellSteps();
  }

  /** Steps are kept for a reload beside the revision that they lead to. */
  #tellSteps() {
    if (this.status === "saved") this.steps.store(this.revision, this.#index);
    this.dispatchEvent(new Event("steps"));
  }

  /** @param {Unsaved} change */
  #become(change) {
    this.document = change.after;
    this.#unsaved.push(change);
    this.dispatchEvent(new Event("change"));
    this.#setStatus("saving");
    this.#saving ??= this.#save().finally(() => { this.#saving = null; });
  }

  async #save() {
    while (this.#unsaved.length > 0) {
      const numSent = this.#isCareful ? 1 : this.#unsaved.length;
      const sent = this.#unsaved[numSent - 1].after;
      let answer;
      try {
        const headers = { "If-Match": `"${this.revision}"` };
        // Bound to the index they were made for: over another one they would hide the wrong people.
        const bound = { ...sent, index_digest: sent.index_digest ?? this.#indexDigest };
        answer = await this.api.json("PUT", `/Videos/${this.videoId}/Edits`, bound, { headers });
      } catch (error) {
        if (!(await this.#recovered(error, numSent))) return;
        continue;
      }
      this.#unsaved.splice(0, numSent);
      if (this.#unsaved.length === 0) this.#isCareful = false;
      this.revision = answer.revision;
      this.isStale = answer.isStale;
      this.#indexDigest = answer.edits?.index_digest ?? null;
      this.#saved = sent;
      this.#moved.set(this.revision, sent.moved_boxes);
      // What was corrected meanwhile is sent before anybody hears of this one.
      if (this.document === sent) {
        this.#setStatus("saved");
        this.dispatchEvent(new Event("saved"));
      }
    }
    this.#setStatus("saved");
    this.#tellSteps();
  }

  /** @param {any} error @param {number} numSent changes that were sent together @returns {Promise<boolean>} whether to try again */
  async #recovered(error, numSent) {
    if (error?.status === 412) {
      const number = this.#unsaved.length;
      await this.#reload();
      const yours = number > 1 ? `your last ${number} are not among them, so make them again` : "your last one is not among them, so make it again";
      this.#problem(new Error(`These corrections were changed elsewhere meanwhile. They were loaded anew; ${yours}.`));
      return false;
    }
    if (error?.status === 401 && this.keepsake?.keep({ revision: this.revision, document: this.document })) {
      // The page is about to go to the form, and comes back from there; nothing may be redacted until then.
      this.isKept = true;
      this.#setStatus("unsaved");
      return false;
    }
    if (error?.status >= 400 && error?.status < 500 && error.status !== 429) {
      // Of several, only those that are refused by themselves are lost.
      if (numSent > 1) this.#isCareful = true;
      else this.#refuse(error);
      if (this.#unsaved.length > 0) return true;
      this.#isCareful = false;
      this.#setStatus("saved");
      this.#tellSteps();
      return false;
    }
    if (this.status !== "unsaved") this.#problem(error);
    this.#setStatus("unsaved");
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return true;
  }

  /** The service has told what is wrong with the first change: what has come since is made again without it. @param {any} error */
  #refuse(error) {
    const rest = this.#unsaved.slice(1);
    this.#unsaved = [];
    this.document = this.#saved;
    this.steps.refuse(this.#saved);
    // Undone and redone were other changes than are left now.
    const canFollow = rest.every((change) => change.operation !== null);
    if (canFollow) {
      for (const { operation, what, kept } of rest) {
        const after = /** @type {Operation} */ (operation)(this.document);
        this.steps.add({ document: this.document, what, kept });
        this.#unsaved.push({ operation, what, kept, after });
        this.document = after;
      }
    }
    this.dispatchEvent(new Event("dropped"));
    this.dispatchEvent(new Event("change"));
    this.#problem(canFollow ? error : new Error(`${error.message} What you did after it is lost as well: make it again.`));
  }

  /** Take over what others have saved meanwhile; what is not saved here comes first. @returns {Promise<boolean>} whether there was anything */
  async refresh() {
    if (this.status !== "saved") return false;
    const answer = await this.api.get(`/Videos/${this.videoId}/Edits`);
    if (this.status !== "saved" || answer.revision === this.revision) return false;
    this.#takeNew(answer);
    return true;
  }

  async #reload() {
    this.#takeNew(await this.api.get(`/Videos/${this.videoId}/Edits`));
  }

  /** @param {any} answer */
  #takeNew(answer) {
    this.#take(answer, this.document.source_sha256);
    this.dispatchEvent(new Event("saved"));
  }

  /** @param {any} answer @param {string} sha256 */
  #take(answer, sha256) {
    this.revision = answer.revision;
    this.isStale = answer.isStale;
    this.#indexDigest = null;
    this.document = this.#saved = answer.edits ? completed(answer.edits) : emptyDocument(sha256);
    this.#unsaved = [];
    this.#isCareful = false;
    this.#moved.set(this.revision, this.document.moved_boxes);
    this.steps.clear();
    this.#setStatus("saved");
    this.dispatchEvent(new Event("dropped"));
    this.dispatchEvent(new Event("change"));
  }

  /** @param {"saved" | "saving" | "unsaved"} status */
  #setStatus(status) {
    if (status === this.status) return;
    this.status = status;
    this.dispatchEvent(new Event("status"));
  }

  /** @param {unknown} error */
  #problem(error) {
    this.dispatchEvent(new CustomEvent("problem", { detail: error }));
  }
}
