/** One person of the gallery, with the moments where they are seen. */

import { count, fineClock } from "../words.js";
import { arrangeRows, make, reveal } from "../elements.js";

/** @typedef {import("./tracks.js").Face} Face */
/** @typedef {import("./tracks.js").TrackStore} TrackStore */

const MOST_TRACKS = 60;

/** `<efface-person>`. Tells "keep", "choose", "tick", "rename", "split", "remove-tracks". */
export class PersonCard extends HTMLElement {
  /** @type {(thumbnailId: string) => Promise<string>} */
  picture = async () => "";
  /** @type {string | null} */
  #thumbnail = null;
  /** @type {Face | null} */
  #face = null;
  #shown = "";
  #isNear = false;

  constructor() {
    super();
    this.image = make("img", { alt: "", width: 56, height: 56, decoding: "async" });
    this.name = make("button", { type: "button", className: "person-name quiet" });
    this.facts = make("span", { className: "hint" });
    this.keep = make("input", { type: "checkbox", className: "switch" });
    this.keep.setAttribute("role", "switch");
    this.keepWord = make("span", { className: "keep-word" });
    this.tick = make("input", { type: "checkbox" });
    this.more = make("button", { type: "button", className: "quiet small more", textContent: "Details" });
    this.details = make("div", { className: "person-details", hidden: true });
    this.newName = make("input", { name: "name", placeholder: "Name this person", maxLength: 100 });
    this.moments = make("ul", { className: "moments" });
    this.rest = make("p", { className: "hint", hidden: true });
    this.split = make("button", { type: "button", className: "small", textContent: "Someone else", title: "The ticked moments show another person" });
    this.wrong = make("button", { type: "button", className: "small", textContent: "Not a face", title: "The ticked moments show no face: they are not redacted" });
  }

  connectedCallback() {
    if (this.firstChild) return;
    this.setAttribute("role", "listitem");
    const face = make("button", { type: "button", className: "face" });
    face.append(this.image);
    this.thumb = face;
    const words = make("div", { className: "person-words" });
    words.append(this.name, this.facts);
    const label = make("label", { className: "keep" });
    label.append(this.keep, this.keepWord);
    this.append(this.tick, face, words, label, this.more, this.details);
    this.keep.addEventListener("change", () => this.#tell("keep", !this.keep.checked));
    this.tick.addEventListener("change", () => this.#tell("tick", this.tick.checked));
    for (const button of [face, this.name]) button.addEventListener("click", () => this.#choose());
    this.more.setAttribute("aria-expanded", "false");
    this.more.addEventListener("click", () => this.#open(this.details.hidden));
    this.addEventListener("change", () => this.#tellTracks());
    this.#wireDetails();
    this.#fillNames();
  }

  /** @param {Face} face @param {number} number @param {string} color @param {TrackStore} tracks */
  show(face, number, color, tracks) {
    const shown = JSON.stringify([face, number]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#face = face;
    this.number = number;
    this.tracks = tracks;
    this.style.setProperty("--person", color);
    this.name.textContent = face.isNamed ? `${number} · ${face.name}` : `Person ${number}`;
    this.facts.textContent = `${count(face.tracks.length, "time", "times")}, ${fineClock(face.seenSeconds)} in view`;
    this.#fillNames();
    if (this.#isNear) void this.#loadPicture();
    if (!this.details.hidden) this.#fillDetails();
  }

  /** @param {boolean} isKept */
  tellKept(isKept) {
    this.keep.checked = !isKept;
    this.keepWord.textContent = isKept ? "Keep" : "Redact";
    this.classList.toggle("kept", isKept);
  }

  /** @param {boolean} isSelected @param {number | null} trackId */
  tellSelected(isSelected, trackId) {
    if (isSelected && !this.classList.contains("selected")) reveal(this);
    this.classList.toggle("selected", isSelected);
    this.name.setAttribute("aria-pressed", String(isSelected));
    for (const row of this.details.querySelectorAll("[data-track]")) {
      row.classList.toggle("selected", isSelected && row.getAttribute("data-track") === String(trackId));
    }
  }

  untick() {
    this.tick.checked = false;
  }

  #fillNames() {
    const face = this.#face;
    if (!face) return;
    const name = face.isNamed ? face.name : `person ${this.number}`;
    this.thumb?.setAttribute("aria-label", `Show ${name}`);
    this.keep.setAttribute("aria-label", `Redact ${name}`);
    this.tick.setAttribute("aria-label", `Tick ${name} to merge`);
    this.more.setAttribute("aria-label", `Details of ${name}`);
  }

  /** The card has come near to what is in view: its picture is wanted. */
  near() {
    this.#isNear = true;
    void this.#loadPicture();
  }

  async #loadPicture() {
    const id = this.#face?.thumbnailId ?? null;
    if (id === this.#thumbnail) return;
    this.#thumbnail = id;
    try {
      const url = id ? await this.picture(id) : "";
      if (this.image.src.startsWith("blob:")) URL.revokeObjectURL(this.image.src);
      if (id === this.#thumbnail && url) this.image.src = url;
    } catch {
      // Without its picture a person still has a number and a colour.
    }
  }

  #choose() {
    const face = this.#face;
    if (!face) return;
    // The longest appearance is where a face is seen best; its middle more so than its ends.
    const longest = face.tracks.reduce((a, b) => (b.endFrame - b.firstFrame > a.endFrame - a.firstFrame ? b : a));
    this.#tell("choose", { frame: (longest.firstFrame + longest.endFrame) >> 1, trackId: null });
  }

  /** @param {boolean} isOpen */
  #open(isOpen) {
    this.details.hidden = !isOpen;
    this.more.setAttribute("aria-expanded", String(isOpen));
    this.more.textContent = isOpen ? "Close" : "Details";
    if (isOpen) this.#fillDetails();
  }

  #wireDetails() {
    const form = make("form", { className: "rename" });
    form.append(this.newName, make("button", { type: "submit", className: "small", textContent: "Rename" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.newName.value.trim();
      if (name) this.#tell("rename", name);
    });
    this.split.addEventListener("click", () => this.#tell("split", this.#ticked()));
    this.wrong.addEventListener("click", () => this.#tell("remove-tracks", this.#ticked()));
    const buttons = make("div", { className: "row" });
    buttons.append(make("span", { className: "hint", textContent: "Ticked are:" }), this.split, this.wrong);
    this.details.append(form, this.moments, this.rest, buttons);
  }

  #fillDetails() {
    const face = this.#face;
    if (!face) return;
    this.newName.ariaLabel = `Name of ${face.isNamed ? face.name : `person ${this.number}`}`;
    // What is being typed stays when something else of this person changes meanwhile.
    if (document.activeElement !== this.newName) this.newName.value = face.isNamed ? face.name : "";
    const shown = face.tracks.slice(0, MOST_TRACKS);
    arrangeRows(this.moments, shown.map((track) => [`${track.id} ${track.firstFrame} ${track.endFrame}`, () => this.#row(track)]));
    this.rest.hidden = shown.length === face.tracks.length;
    this.rest.textContent = `and ${face.tracks.length - MOST_TRACKS} more: click their boxes in the video`;
    this.#tellTracks();
  }

  /** @param {import("./tracks.js").TrackSpan} track */
  #row(track) {
    const tracks = /** @type {TrackStore} */ (this.tracks);
    const row = make("li", { className: "moment" });
    row.dataset.track = String(track.id);
    const span = `${fineClock(tracks.timeOfFrame(track.firstFrame))} – ${fineClock(tracks.timesOfFrame(track.endFrame - 1)[1])}`;
    const tick = make("input", { type: "checkbox", value: String(track.id) });
    tick.setAttribute("aria-label", `Tick ${span}`);
    const go = make("button", { type: "button", className: "quiet small", textContent: span });
    const middle = (track.firstFrame + track.endFrame) >> 1;
    go.addEventListener("click", () => this.#tell("choose", { frame: middle, trackId: track.id }));
    row.append(tick, go);
    return row;
  }

  #ticked() {
    const boxes = this.details.querySelectorAll("input[type=checkbox]:checked");
    return [...boxes].map((box) => Number(/** @type {HTMLInputElement} */ (box).value));
  }

  #tellTracks() {
    const ticked = this.#ticked().length;
    // All of somebody split off is the same person under another number.
    this.split.disabled = ticked === 0 || ticked === this.#face?.tracks.length;
    this.wrong.disabled = ticked === 0;
  }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
customElements.define("efface-person", PersonCard);
