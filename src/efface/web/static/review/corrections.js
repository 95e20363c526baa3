/** The panel of what was drawn and muted by hand. */

import { tellError } from "../notices.js";
import { fineClock } from "../words.js";
import * as operations from "./edit_operations.js";
import { arrange, arrangeRows, make, part } from "../elements.js";
import { RegionCard } from "./region_card.js";
import { fromOwnClock, parseClock, toOwnClock } from "./times.js";

/** @typedef {import("./tracks.js").Box} Box */

export class Corrections {
  /** @type {Map<number, RegionCard>} */
  #cards = new Map();
  /** @type {number | null} region that the next drawn box is of */
  #target = null;

  /**
   * @param {HTMLElement} root
   * @param {{tracks: import("./tracks.js").TrackStore, edits: import("./edits.js").EditsStore, selection: import("./selection.js").Selection,
   *   player: import("./player.js").Player, follower: import("./follow.js").Follower, onOpen: () => void}} models
   */
  constructor(root, { tracks, edits, selection, player, follower, onOpen }) {
    this.tracks = tracks;
    this.edits = edits;
    this.selection = selection;
    this.player = player;
    this.follower = follower;
    this.onOpen = onOpen;
    this.list = part(root, ".regions", HTMLElement);
    this.none = part(root, ".no-regions", HTMLElement);
    this.mutes = part(root, ".mutes", HTMLElement);
    this.form = part(root, ".mute-form", HTMLFormElement);
    part(root, ".draw-region", HTMLElement).addEventListener("click", () => this.draw(null));
    this.#wireMutes();
    player.tool.addEventListener("drawn", (event) => this.#drawn(/** @type {CustomEvent} */ (event).detail));
    player.tool.addEventListener("mode", () => { if (!player.tool.isDrawing) setTimeout(() => { if (!player.tool.isDrawing) this.#target = null; }); });
    tracks.addEventListener("summary", () => this.#fill());
    edits.addEventListener("change", () => this.#fill());
    selection.addEventListener("change", () => this.#tellSelection());
    follower.addEventListener("change", () => this.#tellFollowing());
    follower.addEventListener("problem", (event) => tellError(/** @type {CustomEvent} */ (event).detail));
    this.#fill();
  }

  /** Have a box drawn in this frame. @param {number | null} regionId of this region, null for a new one */
  draw(regionId) {
    this.player.tool.setDrawing(false);
    this.player.tool.setDrawing(true);
    this.#target = regionId;
  }

  /** Put a region's box in a frame. @param {number} id @param {number} frame @param {Box} box */
  place(id, frame, box) {
    const region = this.edits.region(id);
    if (!region) return;
    const isWithin = frame >= region.first_frame && frame < region.end_frame;
    const [first, end] = this.player.shot;
    const wider = region.is_followed && !isWithin ? { first_frame: Math.min(first, region.first_frame), end_frame: Math.max(end, region.end_frame) } : {};
    this.edits.apply((document) => operations.drawRegion(id, frame, box)(operations.changeRegion(id, wider)(document)), "move a region");
  }

  /** @param {Box} box */
  #drawn(box) {
    const frame = this.player.clock.shown;
    if (this.#target !== null && this.edits.region(this.#target)) {
      this.place(this.#target, frame, box);
      this.selection.region(this.#target);
      return;
    }
    const [first, end] = this.player.shot;
    const id = operations.nextRegionId(this.edits.document);
    const region = { label: "", kind: null, first_frame: first, end_frame: end, is_followed: true, keyframes: [{ frame, box }] };
    this.edits.apply(operations.addRegion(region), "draw a region");
    this.selection.region(id);
    this.onOpen();
  }

  #fill() {
    const { regions } = this.edits;
    const known = new Map(this.tracks.summary.regions.map((region) => [region.id, region]));
    for (const id of this.#cards.keys()) {
      if (!regions.some((region) => region.id === id)) this.#cards.delete(id);
    }
    for (const region of regions) {
      let card = this.#cards.get(region.id);
      if (!card) {
        card = this.#newCard(region.id);
        this.#cards.set(region.id, card);
      }
      card.show(region, known.get(region.id) ?? null, this.tracks);
    }
    arrange(this.list, regions.map((region) => /** @type {RegionCard} */ (this.#cards.get(region.id))));
    this.none.hidden = regions.length > 0;
    this.#fillMutes();
    this.#tellSelection();
    this.#tellFollowing();
    const isSaved = this.edits.status === "saved";
    const waiting = regions.filter((region) => region.is_followed && known.get(region.id)?.state === "waiting");
    if (isSaved && this.tracks.summary.editsRevision === this.edits.revision) this.follower.want(waiting);
  }

  /** @param {number} id */
  #newCard(id) {
    const card = new RegionCard();
    const frame = () => this.player.clock.frame;
    /** @param {string} name @param {(detail: any) => void} act */
    const on = (name, act) => card.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));
    on("select", () => this.selection.region(id));
    on("go", (where) => {
      this.selection.region(id);
      this.player.goTo(where);
    });
    on("change-region", (changes) => this.edits.apply(operations.changeRegion(id, changes), "change a region"));
    on("start-here", () => this.#bound(id, { first_frame: frame() }));
    on("end-here", () => this.#bound(id, { end_frame: frame() + 1 }));
    on("draw-here", () => {
      this.selection.region(id);
      this.draw(id);
    });
    on("delete", () => this.edits.apply(operations.deleteRegion(id), "delete a region"));
    on("cancel", () => this.follower.cancel());
    on("again", () => {
      const region = this.edits.region(id);
      if (region) this.follower.again(region);
    });
    return card;
  }

  /** @param {number} id @param {Partial<import("./edit_operations.js").Region>} changes */
  #bound(id, changes) {
    const region = this.edits.region(id);
    if (!region) return;
    const next = { ...region, ...changes };
    if (next.end_frame <= next.first_frame) tellError(new Error("A region must end after it begins: go to another frame first."));
    else this.edits.apply(operations.changeRegion(id, changes), "change from when to when");
  }

  #tellSelection() {
    for (const [id, card] of this.#cards) card.tellSelected(id === this.selection.regionId);
  }

  #tellFollowing() {
    for (const [id, card] of this.#cards) {
      const region = this.edits.region(id);
      const isCurrent = this.follower.current?.id === id;
      card.tellFollowing(isCurrent ? this.follower.progress : null, region !== null && this.follower.isGivenUp(region));
    }
  }

  #wireMutes() {
    const from = part(this.form, "[name=from]", HTMLInputElement);
    const to = part(this.form, "[name=to]", HTMLInputElement);
    part(this.form, ".from-here", HTMLElement).addEventListener("click", () => { from.value = fineClock(this.player.clock.seconds); });
    part(this.form, ".to-here", HTMLElement).addEventListener("click", () => { 
      // To the end of what is seen, and rounded up: less than was meant must not be silent.
      const [, end] = this.tracks.timesOfFrame(this.player.clock.frame);
      to.value = fineClock(Math.ceil(end * 10 - 1e-6) / 10);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const [start, end] = [parseClock(from.value), parseClock(to.value)];
      if (start === null || end === null) tellError(new Error("Times look like 0:12.5: minutes, seconds, tenths."));
      else if (end <= start) tellError(new Error("The silence must end after it begins: set a later end."));
      else {
        const { summary, duration } = this.tracks;
        // To the last tenth is to the end, and all sound after it.
        const last = end > duration - 0.1 ? Math.max(end, Math.ceil(duration * 1000) / 1000) : end;
        this.edits.apply(operations.addMute([toOwnClock(start, summary), toOwnClock(last, summary)]), "mute a span");
        this.form.reset();
      }
    });
  }

  #fillMutes() {
    const { summary } = this.tracks;
    const rows = this.edits.document.mutes.map(([from, to], i) => {
      const [start, end] = [fromOwnClock(from, summary), fromOwnClock(to, summary)];
      return /** @type {[string, () => HTMLElement]} */ ([`${i} ${start} ${end}`, () => this.#muteRow(i, start, end)]);
    });
    arrangeRows(this.mutes, rows);
  }

  /** @param {number} at place in the list @param {number} start @param {number} end seconds from the first frame */
  #muteRow(at, start, end) {
    const span = `${fineClock(start)} – ${fineClock(end)}`;
    const row = make("li", { className: "row" });
    const go = make("button", { type: "button", className: "quiet small", textContent: span });
    go.addEventListener("click", () => this.player.clock.seekTime(start));
    const remove = make("button", { type: "button", className: "quiet small", textContent: "Delete" });
    remove.setAttribute("aria-label", `Delete the silence ${span}`);
    remove.addEventListener("click", () => this.edits.apply(operations.deleteMute(at), "delete a silence"));
    row.append(go, make("span", { className: "grow" }), remove);
    return row;
  }
}
