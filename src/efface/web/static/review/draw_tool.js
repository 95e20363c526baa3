/** Drawing a box on the picture, and moving and resizing the selected one: by mouse, touch, and keys. */

import { REGION_COLOR } from "./colors.js";
import { area, boxBetween, dragged, gripAt, rounded } from "./geometry.js";

/** @typedef {import("./tracks.js").Box} Box */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./geometry.js").Grip} Grip */
/** @typedef {import("./scene.js").Thing} Thing */
/** @typedef {{from: Point, pointer: number, grip: Grip | null, thing: Thing | null, isMoved: boolean}} Drag */

const REACH_PX = { mouse: 9, pen: 12, touch: 22 };
const START_PX = 4;
const LEAST_SIDE = 4;
const KEY_STEPS = 240;
const CURSORS = { move: "move", n: "ns-resize", s: "ns-resize", e: "ew-resize", w: "ew-resize", ne: "nesw-resize", sw: "nesw-resize", nw: "nwse-resize", se: "nwse-resize" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Tells "drawn" with the box in `detail`, "moved" with {sort, id, frame, box}, "draft" when a box that is there begins to move, and "mode". */
export class DrawTool extends EventTarget {
  /** @type {Drag | null} */
  #drag = null;
  /** @type {Box | null} the box that is being drawn */
  #box = null;
  /** @type {Thing | null} what is being moved by keys */
  #adjusted = null;

  /** @param {import("./player.js").Player} player */
  constructor(player) {
    super();
    this.player = player;
    this.isDrawing = false;
    const { canvas } = player;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", () => this.#cancelDrag());
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Whether a box is on its way. */
  get isActive() {
    return this.isDrawing || this.#drag !== null || this.#adjusted !== null;
  }

  get isAdjusting() {
    return this.#adjusted !== null;
  }

  /** Move and resize the selected box by keys. @returns {boolean} whether there is one in this frame */
  adjust() {
    const thing = this.#selected();
    if (!thing) return false;
    this.player.pause();
    this.setDrawing(false);
    this.#adjusted = thing;
    this.#draft(thing, thing.box);
    this.player.canvas.focus({ preventScroll: true });
    this.player.reveal();
    this.dispatchEvent(new Event("mode"));
    this.player.draw();
    return true;
  }

  /** Have the next drag draw a box, or not. @param {boolean} isDrawing */
  setDrawing(isDrawing) {
    if (isDrawing === this.isDrawing) return;
    this.isDrawing = isDrawing;
    this.#adjusted = null;
    this.player.scene.draft = null;
    if (isDrawing) this.player.pause();
    this.#box = null;
    this.player.canvas.classList.toggle("drawing", isDrawing);
    this.player.canvas.style.cursor = isDrawing ? "crosshair" : "";
    if (isDrawing) {
      this.player.canvas.focus({ preventScroll: true });
      this.player.reveal();
    }
    this.dispatchEvent(new Event("mode"));
    this.player.draw();
  }

  /** Boxes that are drawn beside the scene's. @returns {Thing[]} */
  things() {
    if (!this.#box) return [];
    const looks = { label: "New box", color: REGION_COLOR, isKept: false, isSelected: true, isGuess: false };
    return [{ sort: "region", id: -1, faceId: null, box: this.#box, ...looks }];
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || this.#drag) return;
    const from = this.player.pointOf(event);
    const thing = this.isDrawing ? null : this.#selected();
    const grip = thing && gripAt(thing.box, from, this.#reach(event));
    this.#drag = { from, pointer: event.pointerId, grip, thing: grip ? thing : null, isMoved: false };
    this.player.canvas.setPointerCapture(event.pointerId);
    if (this.isDrawing || grip) {
      this.player.pause();
      event.preventDefault();
      this.player.canvas.focus({ preventScroll: true });
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const drag = this.#drag;
    const point = this.player.pointOf(event);
    if (!drag || drag.pointer !== event.pointerId) {
      this.#pointAt(event, point);
      return;
    }
    const scale = this.player.tracks.summary.width / this.player.picture.width;
    if (!drag.isMoved && Math.hypot(point.x - drag.from.x, point.y - drag.from.y) < START_PX * scale) return;
    drag.isMoved = true;
    if (this.isDrawing) this.#box = rounded(this.#within(boxBetween(drag.from, point)));
    else if (drag.thing && drag.grip) this.#draft(drag.thing, dragged(drag.thing.box, drag.grip, point.x - drag.from.x, point.y - drag.from.y, this.#size));
    this.player.draw();
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const drag = this.#drag;
    if (!drag || drag.pointer !== event.pointerId) return;
    this.#drag = null;
    if (this.isDrawing) {
      const box = this.#box;
      if (box && drag.isMoved) this.#finish(box);
    } else if (drag.thing && drag.isMoved) this.#commit();
    else this.player.selectAt(this.player.pointOf(event));
    this.player.draw();
  }

  #cancelDrag() {
    this.#drag = null;
    this.#box = null;
    this.player.scene.draft = null;
    this.dispatchEvent(new Event("mode"));
    this.player.draw();
  }

  /** Arrow keys move the box, with shift they resize it; enter ends it, escape gives it up. @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !(this.isDrawing || this.#adjusted)) return;
    const arrow = ARROWS[/** @type {keyof typeof ARROWS} */ (event.key)];
    if (event.key === "Escape") {
      this.#adjusted = null;
      this.#cancelDrag();
      this.setDrawing(false);
      this.dispatchEvent(new Event("mode"));
    } else if (event.key === "Enter") {
      if (this.#adjusted) this.#commit();
      else if (this.#box) this.#finish(this.#box);
      else this.#box = this.#middleBox();
    } else if (arrow) {
      const box = this.#adjusted ? (this.player.scene.draft?.box ?? this.#adjusted.box) : (this.#box ?? this.#middleBox());
      const size = Math.max(1, Math.round(this.#size.width / KEY_STEPS));
      const next = dragged(box, event.shiftKey ? "se" : "move", arrow[0] * size, arrow[1] * size, this.#size);
      if (this.#adjusted) this.#draft(this.#adjusted, next);
      else this.#box = next;
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.player.draw();
  }

  /** @param {Box} box */
  #finish(box) {
    const sides = [box[2] - box[0], box[3] - box[1]];
    if (Math.min(...sides) < LEAST_SIDE || area(box) === 0) return;
    this.setDrawing(false);
    this.dispatchEvent(new CustomEvent("drawn", { detail: box }));
  }

  /** @param {Thing} thing @param {Box} box */
  #draft(thing, box) {
    const isNew = this.player.scene.draft === null;
    this.player.scene.draft = { sort: thing.sort, id: thing.id, frame: this.player.clock.shown, box };
    if (isNew) this.dispatchEvent(new Event("draft"));
  }

  #commit() {
    const draft = this.player.scene.draft;
    this.player.scene.draft = null;
    this.#adjusted = null;
    this.dispatchEvent(new Event("mode"));
    if (draft) this.dispatchEvent(new CustomEvent("moved", { detail: draft }));
  }

  /** The one selected thing of this frame. @returns {Thing | null} */
  #selected() {
    return this.player.scene.at(this.player.clock.shown).find((thing) => thing.isSelected) ?? null;
  }

  /** @param {PointerEvent} event @param {Point} point */
  #pointAt(event, point) {
    if (this.isDrawing) return;
    const thing = this.#selected();
    const grip = thing && gripAt(thing.box, point, this.#reach(event));
    this.player.canvas.style.cursor = grip ? CURSORS[grip] : "";
  }

  /** How near to a grip is near enough, in pixels of the picture. @param {PointerEvent} event */
  #reach(event) {
    const px = REACH_PX[/** @type {keyof typeof REACH_PX} */ (event.pointerType)] ?? REACH_PX.mouse;
    return (px * this.#size.width) / this.player.picture.width;
  }

  get #size() {
    return { width: this.player.tracks.summary.width, height: this.player.tracks.summary.height };
  }

  /** @param {Box} box @returns {Box} the part of it that is in the picture */
  #within([x1, y1, x2, y2]) {
    const { width, height } = this.#size;
    return [Math.max(0, x1), Math.max(0, y1), Math.min(width, x2), Math.min(height, y2)];
  }

  /** Where drawing by keys begins. @returns {Box} */
  #middleBox() {
    const { width, height } = this.#size;
    const side = Math.min(width, height) / 6;
    return rounded([width / 2 - side, height / 2 - side, width / 2 + side, height / 2 + side]);
  }
}
