/** The moments where a face may be bare: stills in order of risk, each fine or to be fixed. */

import { tellError } from "../notices.js";
import { count, fineClock } from "../words.js";
import { review } from "./edit_operations.js";
import { arrange, make, part } from "../elements.js";
import { fetchStill } from "./preview.js";
import { lookAt, placeLook } from "./risk_look.js";
import { redactionBody } from "./redaction_body.js";

/** @typedef {{frame: number, firstFrame: number, endFrame: number, score: number, reasons: string[], trackId: number | null,
 *   faceId: number | null, box: import("./tracks.js").Box | null, isReviewed: boolean}} Risk */

const MAX_SIDE = 1280;
const PAGE = 40;
/** What the service calls a reason, in words. @type {Record<string, string>} */
const REASONS = {
  Gap: "lost for a moment", Absence: "not found for a while", EndsInView: "may be there longer", StartsInView: "may be there sooner",
  Cut: "close to a cut", Occlusion: "beside another face", Carried: "place is a guess", Unsure: "not surely a face", Fast: "moves fast",
  Growth: "grows or shrinks fast", Small: "very small", Brief: "seen for a moment", Crowd: "many faces at once",
};

export class RiskStrip {
  /** @type {Risk[]} */
  #risks = [];
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();
  #numOpen = 0;
  #shownUpTo = PAGE;
  #isStale = true;
  #isOpen = false;
  #asked = 0;

  /**
   * @param {HTMLElement} root @param {HTMLElement} badge
   * @param {{tracks: import("./tracks.js").TrackStore, edits: import("./edits.js").EditsStore, choice: import("./choice.js").Choice,
   *   selection: import("./selection.js").Selection, player: import("./player.js").Player, scene: import("./scene.js").Scene,
   *   videoId: string}} models
   * @param {import("../api.js").ApiClient} api @param {{kindOf: () => string, onFix: (risk: Risk) => void}} actions
   */
  constructor(root, badge, models, api, actions) {
    this.models = models;
    this.api = api;
    this.actions = actions;
    this.badge = badge;
    this.state = part(root, ".risks-state", HTMLElement);
    this.list = part(root, ".risks", HTMLElement);
    this.more = part(root, ".more-risks", HTMLButtonElement);
    this.more.addEventListener("click", () => {
      this.#shownUpTo += PAGE;
      this.#fill();
    });
    this.observer = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) void this.#loadStill(/** @type {HTMLElement} */ (target));
    }, { root, rootMargin: "300px" });
    models.tracks.addEventListener("summary", () => this.#outdated());
    models.choice.addEventListener("change", () => this.#newLooks());
    void this.load();
  }

  /** How many were not looked at. */
  get numOpen() {
    return this.#numOpen;
  }

  /** The panel is in view, or not. @param {boolean} isOpen */
  setOpen(isOpen) {
    this.#isOpen = isOpen;
    if (isOpen && this.#isStale) void this.load();
  }

  async load() {
    this.#isStale = false;
    const { videoId, tracks, edits } = this.models;
    const asked = ++this.#asked;
    const revision = edits.revision;
    try {
      const answer = await this.api.get(`/Videos/${videoId}/Risks`, { query: { edits: tracks.summary.editsRevision } });
      // Judged meanwhile: what is saved then is loaded then. An answer to an earlier question may come later.
      if (asked !== this.#asked || edits.status !== "saved" || edits.revision !== revision) return;
      this.#risks = answer.risks;
      this.#numOpen = answer.numOpen;
      this.#fill();
    } catch (error) {
      this.state.textContent = "These moments could not be loaded.";
      tellError(error);
    }
  }

  #outdated() {
    this.#isStale = true;
    // The number is of use on every panel.
    void this.load();
  }

  #fill() {
    const shown = this.#risks.slice(0, this.#shownUpTo);
    const known = new Map(this.#items);
    this.#items.clear();
    const items = shown.map((risk) => {
      const key = keyOf(risk);
      const item = known.get(key) ?? this.#newItem(risk);
      this.#items.set(key, item);
      item.classList.toggle("fine", risk.isReviewed);
      part(item, ".fine-button", HTMLButtonElement).setAttribute("aria-pressed", String(risk.isReviewed));
      return item;
    });
    arrange(this.list, items);
    this.more.hidden = this.#risks.length <= this.#shownUpTo;
    this.#tell();
  }

  #tell() {
    this.badge.hidden = this.#numOpen === 0;
    this.badge.textContent = String(this.#numOpen);
    this.badge.setAttribute("aria-label", `${this.#numOpen} to look at`);
    const total = this.#risks.length;
    if (total === 0) this.state.textContent = "No moment stands out. That is no proof: watch the result before you publish it.";
    else if (this.#numOpen === 0) this.state.textContent = `All ${count(total, "moment", "moments")} were looked at.`;
    else this.state.textContent = `${this.#numOpen} of ${total} moments to look at, the riskiest first. They show how it will be.`;
  }

  /** @param {Risk} risk */
  #newItem(risk) {
    const item = make("li", { className: "risk" });
    item.dataset.frame = String(risk.frame);
    const time = fineClock(this.models.tracks.timeOfFrame(risk.frame));
    const picture = make("button", { type: "button", className: "risk-picture" });
    picture.setAttribute("aria-label", `Go to ${time}`);
    const image = make("img", { alt: "", decoding: "async" });
    const spot = make("span", { className: "risk-spot" });
    if (risk.box) placeLook(image, spot, lookAt(risk.box, this.models.tracks.summary));
    else spot.hidden = true;
    picture.append(image, spot, make("span", { className: "length", textContent: time }));
    picture.addEventListener("click", () => this.#go(risk));
    const words = risk.reasons.map((reason) => REASONS[reason] ?? reason).join(", ");
    const fine = make("button", { type: "button", className: "small fine-button", textContent: "Fine" });
    fine.setAttribute("aria-label", `${time} is fine`);
    // As it is by then: it may have been opened again, by an undo.
    fine.addEventListener("click", () => this.#judge(this.#risks.find((each) => keyOf(each) === keyOf(risk)) ?? risk, item));
    const fix = make("button", { type: "button", className: "small", textContent: "Fix" });
    fix.setAttribute("aria-label", `Fix ${time}`);
    fix.addEventListener("click", () => {
      this.#go(risk);
      this.actions.onFix(risk);
    });
    const buttons = make("span", { className: "row" });
    buttons.append(fine, fix);
    item.append(picture, make("span", { className: "hint", textContent: words }), buttons);
    this.observer.observe(item);
    return item;
  }

  /** @param {Risk} risk */
  #go(risk) {
    if (risk.faceId !== null) this.models.selection.face(risk.faceId, risk.trackId);
    this.models.scene.spot = risk.box && { frame: risk.frame, box: risk.box };
    this.models.player.goTo(risk.frame);
    this.models.player.reveal();
  }

  /** @param {Risk} risk @param {HTMLElement} item */
  #judge(risk, item) {
    risk.isReviewed = !risk.isReviewed;
    this.#numOpen += risk.isReviewed ? -1 : 1;
    this.models.edits.apply(review(risk.frame, risk.trackId, risk.isReviewed), risk.isReviewed ? "found a moment fine" : "open a moment again");
    this.#fill();
    const next = this.#risks.find((each) => !each.isReviewed);
    const after = next && this.#items.get(keyOf(next));
    // Going down the list by keyboard, the next one is what is wanted.
    if (risk.isReviewed && after && item.contains(document.activeElement)) part(after, ".fine-button", HTMLButtonElement).focus();
  }

  #newLooks() {
    for (const item of this.#items.values()) {
      delete item.dataset.looks;
      this.observer.unobserve(item);
      this.observer.observe(item);
    }
  }

  /** @param {HTMLElement} item */
  async #loadStill(item) {
    const { choice, edits, videoId } = this.models;
    if (!this.#isOpen || item.dataset.looks) return;
    const looks = JSON.stringify([choice.keptIds, this.actions.kindOf()]);
    item.dataset.looks = looks;
    const image = part(item, "img", HTMLImageElement);
    try {
      await edits.settled();
      const redaction = redactionBody(this.actions.kindOf(), choice.keptIds, edits.revision);
      const url = await queued(() => fetchStill(this.api, videoId, Number(item.dataset.frame), redaction, MAX_SIDE, AbortSignal.timeout(60_000)));
      if (item.dataset.looks !== looks) {
        URL.revokeObjectURL(url);
        return;
      }
      if (image.src) URL.revokeObjectURL(image.src);
      image.src = url;
    } catch {
      // Shown without a picture; scrolling back to it tries again.
      delete item.dataset.looks;
    }
  }
}

/** Which moment it is, whatever is thought of it. @param {Risk} risk */
function keyOf({ frame, trackId }) {
  return `${frame}.${trackId}`;
}

/** @type {Promise<unknown>} */
let before = Promise.resolve();

/** One after the other: each still is decoded and rendered by the service. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
function queued(work) {
  const next = before.then(work, work);
  before = next.catch(() => {});
  return next;
}
