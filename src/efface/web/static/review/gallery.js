/** The people of a video: who is kept and who is redacted, who is the same as whom. */

import { arrange } from "../elements.js";
import { count, numberOf } from "../words.js";
import { colorOf } from "./colors.js";
import { PersonCard } from "./person_card.js";

/**
 * @typedef {{onGoTo: (frame: number) => void, onMerge: (faceIds: number[]) => void, onRename: (faceId: number, name: string) => Promise<void>,
 *   onSplit: (trackIds: number[], faceId: number) => void, onRemove: (trackIds: number[], faceId: number) => void,
 *   picture: (thumbnailId: string) => Promise<string>, labelOf: (faceId: number) => string}} Actions
 */

export class Gallery {
  /** @type {Map<number, PersonCard>} */
  #cards = new Map();
  /** @type {Set<number>} ticked to be merged */
  #ticked = new Set();

  /**
   * @param {HTMLElement} root @param {import("./tracks.js").TrackStore} tracks @param {import("./choice.js").Choice} choice
   * @param {import("./selection.js").Selection} selection @param {Actions} actions
   */
  constructor(root, tracks, choice, selection, actions) {
    this.tracks = tracks;
    this.choice = choice;
    this.selection = selection;
    this.actions = actions;
    this.list = /** @type {HTMLElement} */ (root.querySelector(".people"));
    this.summary = /** @type {HTMLElement} */ (root.querySelector(".people-count"));
    this.mergeButton = /** @type {HTMLButtonElement} */ (root.querySelector(".merge"));
    for (const button of root.querySelectorAll("[data-all]")) {
      const what = /** @type {"redact" | "keep" | "invert"} */ (button.getAttribute("data-all"));
      button.addEventListener("click", () => choice.setAll(what));
    }
    this.mergeButton.addEventListener("click", () => this.#merge());
    tracks.addEventListener("summary", () => this.#fill());
    choice.addEventListener("change", () => this.#tell());
    selection.addEventListener("change", () => this.#tellSelection());
    this.#fill();
  }

  #fill() {
    const faces = this.tracks.summary.faces;
    const there = new Set(faces.map((face) => face.id));
    for (const [id, card] of this.#cards) {
      if (there.has(id)) continue;
      this.#nearness.unobserve(card);
      this.#cards.delete(id);
      this.#ticked.delete(id);
    }
    const cards = faces.map((face) => {
      let card = this.#cards.get(face.id);
      if (!card) {
        card = this.#newCard(face.id);
        this.#cards.set(face.id, card);
      }
      card.show(face, numberOf(face.id), colorOf(face.id), this.tracks);
      return card;
    });
    arrange(this.list, cards);
    this.#tell();
    this.#tellSelection();
  }

  /** Pictures of hundreds of people are fetched as they come near. */
  #nearness = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting && target instanceof PersonCard) target.near();
  }, { rootMargin: "400px" });

  /** @param {number} faceId */
  #newCard(faceId) {
    const card = new PersonCard();
    this.#nearness.observe(card);
    card.picture = this.actions.picture;
    card.addEventListener("keep", (event) => this.choice.set(faceId, /** @type {CustomEvent} */ (event).detail));
    card.addEventListener("choose", (event) => {
      const { frame, trackId } = /** @type {CustomEvent} */ (event).detail;
      this.selection.face(faceId, trackId);
      if (frame !== null) this.actions.onGoTo(frame);
    });
    card.addEventListener("tick", (event) => {
      if (/** @type {CustomEvent} */ (event).detail) this.#ticked.add(faceId);
      else this.#ticked.delete(faceId);
      this.#tell();
    });
    card.addEventListener("rename", (event) => void this.actions.onRename(faceId, /** @type {CustomEvent} */ (event).detail));
    card.addEventListener("split", (event) => this.actions.onSplit(/** @type {CustomEvent} */ (event).detail, faceId));
    card.addEventListener("remove-tracks", (event) => this.actions.onRemove(/** @type {CustomEvent} */ (event).detail, faceId));
    return card;
  }

  #merge() {
    const faceIds = [...this.#ticked];
    this.#ticked.clear();
    for (const card of this.#cards.values()) card.untick();
    this.actions.onMerge(faceIds);
  }

  #tell() {
    for (const [id, card] of this.#cards) card.tellKept(this.choice.isKept(id));
    const { numKept, numRedacted } = this.choice;
    const number = numKept + numRedacted;
    this.summary.textContent = number ? `${count(number, "person", "people")} · ${numRedacted} redacted, ${numKept} kept` : "No faces were found.";
    this.mergeButton.disabled = this.#ticked.size < 2;
    this.mergeButton.textContent = this.#ticked.size > 1 ? `These ${this.#ticked.size} are one person` : "Merge ticked people";
  }

  #tellSelection() {
    for (const [id, card] of this.#cards) {
      const isSelected = id === this.selection.faceId;
      card.tellSelected(isSelected, this.selection.trackId);
    }
  }
}
