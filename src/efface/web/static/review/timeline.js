/** The timeline: who is seen when, shots, regions and silence; click to go there. Only what is in view is drawn. */

import { clock, fineClock } from "../words.js";
import { oncePerPicture, part } from "../elements.js";
import { Window, lanesOf, ticks, visibleBars } from "./timeline_lanes.js";

/** @typedef {import("./timeline_lanes.js").Lane} Lane */

const RULER_PX = 22;
const LANE_PX = 20;
const LABEL_PX = 88;
const TICK_PX = 70;
const ZOOM = 1.5;

export class Timeline {
  /** @type {Lane[]} */
  #lanes = [];
  #isDragging = false;

  /**
   * @param {HTMLElement} root @param {import("./player.js").Player} player
   * @param {{tracks: import("./tracks.js").TrackStore, edits: import("./edits.js").EditsStore, choice: import("./choice.js").Choice,
   *   selection: import("./selection.js").Selection, scene: import("./scene.js").Scene}} models
   */
  constructor(root, player, models) {
    this.player = player;
    this.models = models;
    this.view = new Window(models.tracks.duration);
    this.box = part(root, ".lanes", HTMLElement);
    this.canvas = part(root, "canvas", HTMLCanvasElement);
    this.height = part(root, ".lanes-height", HTMLElement);
    part(root, ".zoom-in", HTMLElement).addEventListener("click", () => this.zoom(1 / ZOOM));
    part(root, ".zoom-out", HTMLElement).addEventListener("click", () => this.zoom(ZOOM));
    part(root, ".zoom-all", HTMLElement).addEventListener("click", () => this.zoom(Infinity));
    // A finger that scrolls through the lanes must not move the playhead: it has to tap.
    this.box.addEventListener("pointerdown", (event) => { if (event.pointerType !== "touch") this.#down(event); });
    this.box.addEventListener("click", (event) => { if (/** @type {PointerEvent} */ (event).pointerType === "touch") this.#down(/** @type {PointerEvent} */ (event)); });
    this.box.addEventListener("pointermove", (event) => { if (this.#isDragging) this.player.clock.seekTime(this.#timeAt(event)); });
    for (const name of ["pointerup", "pointercancel"]) this.box.addEventListener(name, () => { this.#isDragging = false; });
    this.box.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("scroll", () => this.draw(), { passive: true });
    this.player.clock.addEventListener("frame", () => this.#follow());
    for (const model of [models.tracks, models.edits, models.choice, models.selection]) {
      for (const name of ["summary", "change"]) model.addEventListener(name, () => this.#fill());
    }
    new ResizeObserver(() => this.draw()).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.box.setAttribute("aria-valuemax", models.tracks.duration.toFixed(1));
    this.#fill();
    this.#follow();
  }

  /** @param {number} factor below 1 for larger, Infinity for all */
  zoom(factor) {
    if (factor === Infinity) this.view.all();
    else this.view.zoom(factor, this.player.clock.seconds);
    this.draw();
  }

  #fill() {
    const { tracks, edits, choice, selection, scene } = this.models;
    this.#lanes = lanesOf(tracks, edits, choice, selection, scene);
    this.height.style.height = `${RULER_PX + this.#lanes.length * LANE_PX}px`;
    const selected = this.#lanes.findIndex((lane) => lane.isSelected);
    if (selected >= 0) this.#scrollTo(selected);
    this.draw();
  }

  /** @param {number} i lane */
  #scrollTo(i) {
    const top = i * LANE_PX;
    const shown = this.box.clientHeight - RULER_PX;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top + LANE_PX > this.box.scrollTop + shown) this.box.scrollTop = top + LANE_PX - shown;
  }

  #follow() {
    const { seconds } = this.player.clock;
    this.view.reveal(seconds);
    this.box.setAttribute("aria-valuenow", seconds.toFixed(1));
    this.box.setAttribute("aria-valuetext", `${fineClock(seconds)} of ${fineClock(this.view.duration)}`);
    this.draw();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    const { left, top } = this.box.getBoundingClientRect();
    // Past the scrollbar's edge it is scrolled, not pointed at.
    if (event.clientX - left > this.box.clientWidth) return;
    const y = event.clientY - top;
    const lane = y < RULER_PX ? undefined : this.#lanes[Math.floor((y - RULER_PX + this.box.scrollTop) / LANE_PX)];
    if (event.clientX - left < LABEL_PX) {
      if (lane) this.#select(lane, 0);
      return;
    }
    const time = this.#timeAt(event);
    const bar = lane?.bars.find((each) => time >= each.start && time < each.end);
    if (lane && bar) this.#select(lane, bar.id);
    this.#isDragging = event.type === "pointerdown";
    if (this.#isDragging) this.box.setPointerCapture(event.pointerId);
    this.player.pause();
    this.player.clock.seekTime(time);
  }

  /** @param {Lane} lane @param {number} trackId */
  #select(lane, trackId) {
    if (lane.sort === "face") this.models.selection.face(lane.id, trackId || null);
    else if (lane.sort === "region") this.models.selection.region(lane.id);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    const along = event.shiftKey ? event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey) this.view.zoom(event.deltaY > 0 ? ZOOM : 1 / ZOOM, this.#timeAt(event));
    else if (Math.abs(along) > 0 && !this.view.isAll) this.view.pan((along / this.#width) * this.view.span);
    else return;
    event.preventDefault();
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const seconds = { PageUp: -this.view.span / 10, PageDown: this.view.span / 10 }[event.key];
    if (seconds !== undefined) this.player.clock.seekTime(this.player.clock.seconds + seconds);
    else if (event.key === "+" || event.key === "=") this.zoom(1 / ZOOM);
    else if (event.key === "-") this.zoom(ZOOM);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Width of the part that shows time. */
  get #width() {
    return Math.max(1, this.box.clientWidth - LABEL_PX);
  }

  /** @param {MouseEvent} event */
  #timeAt(event) {
    const x = event.clientX - this.box.getBoundingClientRect().left - LABEL_PX;
    return this.view.from + Math.min(1, Math.max(0, x / this.#width)) * this.view.span;
  }

  /** @param {number} time */
  #x(time) {
    return LABEL_PX + ((time - this.view.from) / this.view.span) * this.#width;
  }

  /** Draw anew before the next picture. */
  draw = oncePerPicture(() => this.#drawNow());

  #drawNow() {
    const width = this.box.clientWidth;
    const height = this.box.clientHeight;
    const ratio = devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    const style = getComputedStyle(this.box);
    const ink = { text: style.getPropertyValue("--text"), muted: style.getPropertyValue("--muted"), line: style.getPropertyValue("--line"), raised: style.getPropertyValue("--raised"), surface: style.getPropertyValue("--surface"), accent: style.getPropertyValue("--accent"), warn: style.getPropertyValue("--warn") };
    const first = Math.floor(this.box.scrollTop / LANE_PX);
    const end = Math.min(this.#lanes.length, Math.ceil((this.box.scrollTop + height - RULER_PX) / LANE_PX));
    for (let i = first; i < end; i++) this.#drawLane(context, this.#lanes[i], RULER_PX + i * LANE_PX - this.box.scrollTop, width, ink);
    this.#drawShots(context, height, ink);
    this.#drawRuler(context, width, ink);
    const x = Math.round(this.#x(this.player.clock.seconds));
    context.fillStyle = ink.accent;
    context.fillRect(x - 1, 0, 2, height);
    context.fillRect(x - 5, 0, 10, 7);
  }

  /** @param {CanvasRenderingContext2D} context @param {Lane} lane @param {number} top @param {number} width @param {Record<string, string>} ink */
  #drawLane(context, lane, top, width, ink) {
    if (lane.isSelected) {
      context.fillStyle = ink.raised;
      context.fillRect(0, top, width, LANE_PX);
    }
    context.save();
    context.beginPath();
    context.rect(LABEL_PX, top, width - LABEL_PX, LANE_PX);
    context.clip();
    context.fillStyle = context.strokeStyle = lane.color;
    for (const bar of visibleBars(lane.bars, this.view, this.view.span / this.#width)) {
      const x = this.#x(bar.start);
      const length = Math.max(2, this.#x(bar.end) - x - 0.5);
      if (lane.isHollow && length > 3) context.strokeRect(x + 0.5, top + 5.5, length - 1, LANE_PX - 11);
      else context.fillRect(x, top + 4, length, LANE_PX - 8);
    }
    // Along the foot of a bar, in the colour of text: seen on any person's colour.
    context.fillStyle = ink.text;
    for (const change of visibleBars(lane.changes, this.view, this.view.span / this.#width)) {
      const x = this.#x(change.start);
      context.fillRect(x, top + LANE_PX - 4, Math.max(3, this.#x(change.end) - x), 3);
    }
    context.fillStyle = ink.warn;
    for (const mark of lane.marks) context.fillRect(this.#x(mark) - 1.5, top + 1, 3, LANE_PX - 2);
    context.restore();
    context.fillStyle = lane.color;
    context.fillRect(2, top + 4, 4, LANE_PX - 8);
    context.fillStyle = lane.isHollow ? ink.muted : ink.text;
    context.fillText(shortened(context, lane.label, LABEL_PX - 18), 11, top + LANE_PX / 2);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} height @param {Record<string, string>} ink */
  #drawShots(context, height, ink) {
    context.fillStyle = ink.muted;
    let before = -10;
    for (const [first] of this.models.tracks.summary.shots) {
      const time = this.models.tracks.timeOfFrame(first);
      if (first === 0 || time < this.view.from || time > this.view.to) continue;
      const x = Math.round(this.#x(time));
      if (x - before < 3) continue;
      before = x;
      context.globalAlpha = 0.45;
      context.fillRect(x, RULER_PX - 6, 1, height);
      context.globalAlpha = 1;
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {Record<string, string>} ink */
  #drawRuler(context, width, ink) {
    context.fillStyle = ink.surface;
    context.fillRect(0, 0, width, RULER_PX - 1);
    context.fillStyle = ink.line;
    context.fillRect(0, RULER_PX - 1, width, 1);
    context.fillStyle = ink.muted;
    for (const time of ticks(this.view.from, this.view.to, this.#width / TICK_PX)) {
      const x = this.#x(time);
      context.fillRect(Math.round(x), RULER_PX - 6, 1, 5);
      const words = this.view.span < 20 && time % 1 ? fineClock(time) : clock(time + 1e-6);
      if (x + 4 + context.measureText(words).width < width) context.fillText(words, x + 4, RULER_PX / 2 - 2);
    }
  }
}

/** @param {CanvasRenderingContext2D} context @param {string} text @param {number} width */
function shortened(context, text, width) {
  let shown = text;
  while (shown.length > 1 && context.measureText(shown).width > width) shown = `${shown.slice(0, -2).trimEnd()}…`;
  return shown;
}
