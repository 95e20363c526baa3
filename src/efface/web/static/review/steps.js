/**
 * What was done on the page, to be undone and redone in one order: corrections, which the service holds, and whom to keep,
 * which this browser holds. They outlast a reload within the tab, as long as the service still has the corrections they led to.
 */

/** @typedef {import("./edit_operations.js").Document} Document */
/** @typedef {{id: number, before: number[] | null, after: number[] | null}} KeptChange somebody's tracks while they were kept, null for redacted */
/** @typedef {{what: string, document: Document | null, kept: KeptChange[]}} Step `document` is that of the other side of the step, null where none was changed */
/** @typedef {{revision: number, index: string, undo: Step[], redo: Step[]}} Stored */

const MAX_STEPS = 200;
const MAX_STORED = 30;
const MAX_STORED_CHARACTERS = 500_000;

export class Steps {
  /** @type {Step[]} the last one at the end */
  #undo = [];
  /** @type {Step[]} the next one at the end */
  #redo = [];
  #name;

  /** @param {Storage | null} storage of the tab, null where there is none @param {string} videoId */
  constructor(storage, videoId) {
    this.storage = storage;
    this.#name = `efface-steps:${videoId}`;
  }

  get canUndo() {
    return this.#undo.length > 0;
  }

  get canRedo() {
    return this.#redo.length > 0;
  }

  /** What the next undo takes back, in words. */
  get undoes() {
    return this.#undo.at(-1)?.what ?? "";
  }

  /** What the next redo does again, in words. */
  get redoes() {
    return this.#redo.at(-1)?.what ?? "";
  }

  /** @param {Step} step that was done, with the document before it */
  add(step) {
    this.#undo.push(step);
    if (this.#undo.length > MAX_STEPS) this.#undo.shift();
    this.#redo = [];
  }

  /** Go one step back or on. @param {"undo" | "redo"} way @param {Document} document as it is now @returns {Step | null} null where there is none */
  take(way, document) {
    const [from, to] = way === "undo" ? [this.#undo, this.#redo] : [this.#redo, this.#undo];
    const step = from.pop();
    if (!step) return null;
    to.push({ ...step, document: step.document && document });
    return step;
  }

  /** Forget corrections that the service has refused; whom to keep is not its business. @param {Document} saved as the service has it */
  refuse(saved) {
    const first = this.#undo.findIndex((step) => step.document === saved);
    const last = this.#undo.findLastIndex((step) => step.document !== null);
    const from = first === -1 ? last : first;
    this.#undo = this.#undo.filter((step, i) => step.document === null || i < from);
    this.#redo = [];
  }

  clear() {
    this.#undo = [];
    this.#redo = [];
  }

  /** Keep the latest steps in the tab. @param {number} revision that they lead to @param {string} index whose people they name */
  store(revision, index) {
    let left = MAX_STORED_CHARACTERS;
    /** @param {Step[]} steps */
    const latest = (steps) => {
      const kept = [];
      for (const step of steps.slice(-MAX_STORED).reverse()) {
        left -= JSON.stringify(step).length;
        if (left < 0) break;
        kept.unshift(step);
      }
      return kept;
    };
    /** @type {Stored} */
    const stored = { revision, index, undo: latest(this.#undo), redo: latest(this.#redo) };
    try {
      this.storage?.setItem(this.#name, JSON.stringify(stored));
    } catch {
      // A full or forbidden store: steps last as long as the page.
      this.storage?.removeItem(this.#name);
    }
  }

  /** Take up what was kept, if it led to what there is. @param {number} revision @param {string} index */
  restore(revision, index) {
    this.clear();
    try {
      /** @type {Stored | null} */
      const stored = JSON.parse(this.storage?.getItem(this.#name) ?? "null");
      if (!stored || stored.revision !== revision || stored.index !== index) return;
      [this.#undo, this.#redo] = [stored.undo, stored.redo];
    } catch {
      // Spoilt, or forbidden: there is nothing to undo.
    }
  }
}
