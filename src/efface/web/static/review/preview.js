/** The paused frame as it will be once it is redacted, made by the service; and stills where a browser cannot play a video. */

import { tellError } from "../notices.js";
import { bareBody, redactionBody } from "./redaction_body.js";

const SETTLE_MS = 200;
const MAX_SIDE = 1280;

export class Preview {
  isOn = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #due;
  /** @type {AbortController | null} */
  #control = null;

  /**
   * @param {HTMLButtonElement} button @param {HTMLElement} note
   * @param {{player: import("./player.js").Player, choice: import("./choice.js").Choice, edits: import("./edits.js").EditsStore,
   *   tracks: import("./tracks.js").TrackStore, videoId: string}} models
   * @param {import("../api.js").ApiClient} api @param {() => string} kindOf as it is chosen now
   */
  constructor(button, note, { player, choice, edits, tracks, videoId }, api, kindOf) {
    this.button = button;
    this.note = note;
    this.player = player;
    this.choice = choice;
    this.edits = edits;
    this.tracks = tracks;
    this.videoId = videoId;
    this.api = api;
    this.kindOf = kindOf;
    button.addEventListener("click", () => this.set(!this.isOn));
    player.addEventListener("play", () => this.#hide());
    player.addEventListener("still", () => this.refresh());
    for (const model of [choice, edits]) for (const name of ["change", "saved"]) model.addEventListener(name, () => this.refresh());
    player.tool.addEventListener("mode", () => {
      if (player.tool.isActive && this.isOn) this.set(false);
    });
    player.clock.addEventListener("novideo", () => {
      this.#tell("This browser cannot play this format: step and jump through its frames instead.");
      this.refresh();
    });
  }

  /** @param {boolean} isOn */
  set(isOn) {
    if (isOn) this.player.pause();
    this.isOn = isOn;
    this.button.setAttribute("aria-pressed", String(isOn));
    this.#hide();
    this.refresh();
  }

  /** Have the picture made anew, as soon as things have settled. */
  refresh() {
    clearTimeout(this.#due);
    this.#control?.abort();
    if (!this.isOn && this.player.clock.hasVideo && !this.player.clock.lacks) {
      this.#hide();
      return;
    }
    if (!this.player.isPaused) return;
    this.#due = setTimeout(() => void this.#make(), SETTLE_MS);
  }

  async #make() {
    const control = new AbortController();
    this.#control = control;
    const frame = this.player.clock.shown;
    if (this.isOn) this.#tell("Making the preview…");
    try {
      await this.edits.settled();
      await this.edits.known();
      const redaction = this.isOn ? redactionBody(this.kindOf(), this.choice.keptIds, this.edits.revision) : bareBody(this.edits.detected.map((face) => face.id));
      const url = await fetchStill(this.api, this.videoId, frame, redaction, MAX_SIDE, control.signal);
      if (control.signal.aborted || frame !== this.player.clock.shown || !this.player.isPaused) {
        URL.revokeObjectURL(url);
        return;
      }
      this.player.still.alt = this.isOn ? "This frame as it will be in the redacted video" : "This frame of the video";
      this.player.showStill(url, this.isOn);
      if (this.isOn) this.#tell("Preview: this frame as it will be");
    } catch (error) {
      if (control.signal.aborted) return;
      this.#hide();
      tellError(error);
    }
  }

  #hide() {
    this.#control?.abort();
    if (this.player.clock.hasVideo) {
      this.player.showStill(null);
      this.#tell("");
    }
  }

  /** @param {string} text */
  #tell(text) {
    this.note.textContent = text;
    this.note.hidden = text === "";
  }
}

/**
 * A frame as it will be rendered, as an address for an img.
 * @param {import("../api.js").ApiClient} api @param {string} videoId @param {number} frame @param {object} redaction body of a redaction
 * @param {number} maxSide pixels @param {AbortSignal} signal @returns {Promise<string>}
 */
export function fetchStill(api, videoId, frame, redaction, maxSide, signal) {
  const body = JSON.stringify({ frame, redaction, maxSide });
  return api.picture(`/Videos/${videoId}/Preview`, { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
}
