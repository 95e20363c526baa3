/** The list of what was changed by hand about faces that were found: each may leave a face bare, so each can be seen and put back. */

import { fineClock } from "../words.js";
import * as operations from "./edit_operations.js";
import { reachesByTrack } from "./moved_boxes.js";
import { arrangeRows, make, part } from "../elements.js";

export class HandChanges {
  /**
   * @param {HTMLElement} root
   * @param {{tracks: import("./tracks.js").TrackStore, edits: import("./edits.js").EditsStore, scene: import("./scene.js").Scene,
   *   player: import("./player.js").Player}} models
   */
  constructor(root, { tracks, edits, scene, player }) {
    this.tracks = tracks;
    this.edits = edits;
    this.scene = scene;
    this.player = player;
    this.list = part(root, ".hand-changes", HTMLElement);
    this.title = part(root, ".hand-changes-title", HTMLElement);
    tracks.addEventListener("summary", () => this.#fill());
    edits.addEventListener("change", () => this.#fill());
    // When the removed ones were seen is known once the video's own faces are here.
    edits.known().then(() => this.#fill(), () => {});
    this.#fill();
  }

  #fill() {
    const { removed_tracks: removed, moved_boxes: moved } = this.edits.document;
    const spans = new Map(this.edits.detected.flatMap((face) => face.tracks.map((track) => [track.id, track])));
    /** @type {[string, () => HTMLElement][]} */
    const rows = removed.map((id) => {
      const { firstFrame = 0, endFrame = 0 } = spans.get(id) ?? {};
      const when = endFrame ? `: ${this.#clock(firstFrame)} – ${this.#clock(endFrame - 1)}` : "";
      return [`removed ${id}${when}`, () => this.#row(`Not a face, stays visible${when}`, firstFrame, operations.restoreTrack(id))];
    });
    const reaches = reachesByTrack(moved, this.tracks);
    for (const { track, frame } of moved) {
      const faceId = this.tracks.faceOf(track);
      const whose = faceId === null ? "" : ` of ${this.scene.nameOf(faceId)}`;
      const reach = reaches.get(track)?.find((each) => each.frame === frame);
      const span = reach ? `: changed ${this.#clock(reach.start)} – ${this.#clock(reach.end - 1)}` : "";
      const words = `Box${whose} moved at ${this.#clock(frame)}${span}`;
      rows.push([`moved ${track} ${frame} ${words}`, () => this.#row(words, frame, operations.restoreBox(track, frame))]);
    }
    arrangeRows(this.list, rows);
    this.title.hidden = rows.length === 0;
  }

  /** @param {number} frame */
  #clock(frame) {
    return fineClock(this.tracks.timeOfFrame(this.tracks.clampFrame(frame)));
  }

  /** @param {string} words @param {number} frame @param {import("./edit_operations.js").Operation} restore */
  #row(words, frame, restore) {
    const row = make("li", { className: "row" });
    const go = make("button", { type: "button", className: "quiet small grow", textContent: words });
    go.addEventListener("click", () => this.player.goTo(frame));
    const back = make("button", { type: "button", className: "small", textContent: "Put back" });
    back.setAttribute("aria-label", `Put back: ${words}`);
    back.addEventListener("click", () => this.edits.apply(restore, "put something back"));
    row.append(go, back);
    return row;
  }
}
