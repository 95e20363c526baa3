/** One region of the panel: what it is, how it is hidden, where, and from when to when. */

import { count, fineClock } from "../words.js";
import { bareSpans } from "./bare.js";
import { arrangeRows, make, reveal } from "../elements.js";
import { fillKinds } from "../kinds.js";

/** @typedef {import("./edit_operations.js").Region} Region */
/** @typedef {import("./tracks.js").RegionSummary} RegionSummary */

const MOST_LOSSES = 6;
const NOT_FOLLOWED = "Not followed yet";

/** `<efface-region>`. Tells "select", "go", "change-region", "start-here", "end-here", "draw-here", "delete", "cancel", "again". */
export class RegionCard extends HTMLElement {
  /** @type {Region | null} */
  #region = null;
  #words = "";

  constructor() {
    super();
    this.name = make("button", { type: "button", className: "quiet region-name" });
    this.state = make("p", { className: "hint region-state" });
    this.losses = make("ul", { className: "losses row" });
    this.bare = make("p", { className: "warning", hidden: true });
    this.following = make("div", { className: "row following", hidden: true });
    this.bar = make("progress", { max: 1, value: 0 });
    this.body = make("div", { className: "stack region-body", hidden: true });
    this.label = make("input", { maxLength: 200, placeholder: "Number plate, screen, face …" });
    this.kind = make("select");
    this.mode = make("select");
    this.span = make("span", { className: "span" });
    this.again = make("button", { type: "button", className: "small", textContent: "Follow it now", hidden: true });
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.setAttribute("role", "listitem");
    this.bar.setAttribute("aria-label", "Following");
    fillKinds(this.kind, "As the faces");
    this.mode.append(new Option("Follow it through the shot", "follow"), new Option("Stay where it is drawn", "stay"));
    const stop = this.#button("Stop", "cancel");
    this.following.append(this.bar, stop);
    const bounds = make("div", { className: "row" });
    bounds.append(this.span, this.#button("Start here", "start-here"), this.#button("End here", "end-here"));
    const buttons = make("div", { className: "row" });
    const remove = this.#button("Delete", "delete");
    buttons.append(this.#button("Draw it again at this frame", "draw-here"), this.again, make("span", { className: "grow" }), remove);
    this.again.addEventListener("click", () => this.#tell("again", null));
    this.body.append(labelled("What it is", this.label), labelled("Hidden by", this.kind), labelled("Where", this.mode), bounds, buttons);
    this.append(this.name, this.state, this.following, this.bare, this.losses, this.body);
    this.name.addEventListener("click", () => this.#tell("go", this.#region?.keyframes[0].frame));
    this.label.addEventListener("change", () => this.#tell("change-region", { label: this.label.value.trim() }));
    this.kind.addEventListener("change", () => this.#tell("change-region", { kind: this.kind.value || null }));
    this.mode.addEventListener("change", () => this.#tell("change-region", { is_followed: this.mode.value === "follow" }));
    if (this.#region) this.#fill(this.#region);
  }

  /** @param {Region} region @param {RegionSummary | null} known what the service has found @param {import("./tracks.js").TrackStore} tracks */
  show(region, known, tracks) {
    this.#region = region;
    this.span.textContent = spanWords(region.first_frame, Math.min(region.end_frame, tracks.summary.numFrames), tracks);
    this.#fill(region);
    const drawn = count(region.keyframes.length, "drawing", "drawings");
    this.#words = region.is_followed ? { followed: `Followed · ${drawn}`, waiting: NOT_FOLLOWED }[known?.state ?? "waiting"] ?? "" : `Stays where it is · ${drawn}`;
    const bare = known ? bareSpans(known, tracks.summary.numFrames).map(([first, end]) => spanWords(first, end, tracks)) : [];
    this.bare.hidden = bare.length === 0;
    this.bare.textContent = `Not hidden ${bare.join(", ")}: draw it again there, or end it before.`;
    this.#fillLosses(region.is_followed ? (known?.lost ?? []) : [], tracks);
  }

  /** @param {boolean} isSelected */
  tellSelected(isSelected) {
    if (isSelected && !this.classList.contains("selected")) reveal(this);
    this.classList.toggle("selected", isSelected);
    this.body.hidden = !isSelected;
    this.name.setAttribute("aria-expanded", String(isSelected));
  }

  /** @param {import("./follow.js").Progress | null} progress null when it is not followed now @param {boolean} isGivenUp */
  tellFollowing(progress, isGivenUp) {
    this.following.hidden = progress === null;
    this.state.textContent = progress ? "Following…" : this.#words;
    if (progress) {
      this.bar.max = progress.total || 1;
      this.bar.value = progress.done;
    }
    const isLeft = progress === null && isGivenUp && this.#words === NOT_FOLLOWED;
    this.again.hidden = !isLeft;
    if (isLeft) this.state.textContent = `${NOT_FOLLOWED}: that is done when the video is redacted.`;
  }

  /** @param {Region} region */
  #fill(region) {
    this.name.textContent = region.label || `Region ${region.id}`;
    if (document.activeElement !== this.label) this.label.value = region.label;
    this.kind.value = region.kind ?? "";
    this.mode.value = region.is_followed ? "follow" : "stay";
  }

  /** @param {import("./tracks.js").Loss[]} losses @param {import("./tracks.js").TrackStore} tracks */
  #fillLosses(losses, tracks) {
    // The end of a shot is where following ends by itself; lost from sight is what somebody must look at.
    const seen = losses.filter((loss) => loss.reason !== "cut").slice(0, MOST_LOSSES);
    const frames = new Set(seen.map((loss) => tracks.clampFrame(loss.frame)));
    arrangeRows(this.losses, [...frames].map((frame) => [String(frame), () => this.#lossRow(frame, tracks)]));
  }

  /** @param {number} frame @param {import("./tracks.js").TrackStore} tracks */
  #lossRow(frame, tracks) {
    const item = make("li");
    const go = make("button", { type: "button", className: "small lost", textContent: `Lost at ${fineClock(tracks.timeOfFrame(frame))}: look` });
    go.addEventListener("click", () => this.#tell("go", frame));
    item.append(go);
    return item;
  }

  /** @param {string} text @param {string} event */
  #button(text, event) {
    const button = make("button", { type: "button", className: "small", textContent: text });
    button.addEventListener("click", () => this.#tell(event, null));
    return button;
  }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
customElements.define("efface-region", RegionCard);

/** From when to when. @param {number} first @param {number} end @param {import("./tracks.js").TrackStore} tracks */
export function spanWords(first, end, tracks) {
  return `${fineClock(tracks.timeOfFrame(first))} – ${fineClock(tracks.timesOfFrame(end - 1)[1])}`;
}

/** @param {string} words @param {HTMLElement} control */
function labelled(words, control) {
  const label = make("label", { className: "field" });
  label.append(make("span", { className: "hint", textContent: words }), control);
  return label;
}
