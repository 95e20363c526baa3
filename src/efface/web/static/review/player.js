/** The picture with what is drawn over it, in step, and its controls. */

import { fineClock } from "../words.js";
import { FrameClock, shotOf } from "./clock.js";
import { DrawTool } from "./draw_tool.js";
import { oncePerPicture, part } from "../elements.js";
import { letterboxed, topmost } from "./geometry.js";
import { drawThings } from "./overlay.js";

/** @typedef {import("./geometry.js").Point} Point */

const RATES = [1, 2, 4];

/** What is in `<efface-player>`. Tells "still" when the picture on the screen has changed while paused, and "play". */
export class Player extends EventTarget {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #backwards;
  #backRate = 0;
  /** Number of times that it was to play or to pause: the last one counts. */
  #asked = 0;
  #stillFrame = -1;
  /** The boxes of the frame that comes are about to be drawn. */
  #isSeeing = false;
  #isStarting = false;
  /** The picture shows how it will be, which boxes would hide. */
  isBare = false;

  /**
   * @param {HTMLElement} root
   * @param {{tracks: import("./tracks.js").TrackStore, scene: import("./scene.js").Scene, edits: import("./edits.js").EditsStore,
   *   selection: import("./selection.js").Selection, choice: import("./choice.js").Choice}} models
   */
  constructor(root, { tracks, scene, edits, selection, choice }) {
    super();
    this.root = root;
    this.tracks = tracks;
    this.scene = scene;
    this.selection = selection;
    this.stage = part(root, ".stage", HTMLElement);
    this.video = part(root, "video", HTMLVideoElement);
    this.canvas = part(root, "canvas", HTMLCanvasElement);
    this.still = part(root, ".still", HTMLImageElement);
    this.speed = part(root, ".speed", HTMLSelectElement);
    this.clock = new FrameClock(this.video, tracks);
    this.tool = new DrawTool(this);
    this.#wire();
    for (const model of [tracks, edits, selection, choice]) {
      for (const name of ["chunk", "summary", "change"]) model.addEventListener(name, () => this.draw());
    }
    // A finger on a selected box drags it, and does not scroll the page.
    selection.addEventListener("change", () => {
      this.canvas.classList.toggle("selected", selection.faceId !== null || selection.regionId !== null);
    });
    new ResizeObserver(() => this.draw()).observe(this.stage);
    this.#tellTime();
    void tracks.need(0).catch(() => {});
  }

  #wire() {
    const { clock, video } = this;
    clock.addEventListener("shown", () => {
      this.root.dataset.shown = String(clock.shown);
      if (!this.#isSeeing) this.draw();
      if (this.isPaused) this.dispatchEvent(new Event("still"));
    });
    clock.addEventListener("frame", () => this.#tellTime());
    clock.addEventListener("novideo", () => {
      for (const selector of [".play", ".sound", ".speed"]) part(this.root, selector, HTMLElement).setAttribute("disabled", "");
    });
    for (const name of ["play", "pause", "ended"]) {
      video.addEventListener(name, () => {
        this.#tellPlaying();
        // It may have stopped at a later picture than the one that was drawn.
        const time = this.video.paused && !this.video.seeking ? this.clock.pictures.time() : null;
        if (time !== null) this.clock.see(time);
        this.draw();
      });
    }
    part(this.root, ".play", HTMLElement).addEventListener("click", () => this.toggle());
    part(this.root, ".back", HTMLElement).addEventListener("click", () => this.step(-1));
    part(this.root, ".on", HTMLElement).addEventListener("click", () => this.step(1));
    part(this.root, ".sound", HTMLInputElement).addEventListener("change", (event) => {
      video.muted = !(/** @type {HTMLInputElement} */ (event.target).checked);
    });
    this.speed.addEventListener("change", () => { video.playbackRate = Number(this.speed.value); });
  }

  /** Play what is at an address. @param {string} url */
  open(url) {
    this.video.src = url;
  }

  get isPaused() {
    return this.video.paused && this.#backwards === undefined;
  }

  toggle() {
    if (this.isPaused) this.play();
    else this.pause();
  }

  /** @param {number} [rate] */
  play(rate) {
    if (!this.clock.hasVideo) return;
    this.#stopBackwards();
    if (rate) this.video.playbackRate = rate;
    this.dispatchEvent(new Event("play"));
    // All times count from the picture that comes first: it must be seen before any other.
    const asked = ++this.#asked;
    void this.clock.ready.then(() => {
      if (asked === this.#asked) this.#start();
    });
  }

  /** Have the picture on the canvas before the video moves under it. */
  #start() {
    this.#isStarting = true;
    this.#drawNow();
    const asked = this.#asked;
    requestAnimationFrame(() => {
      const begun = asked === this.#asked ? this.video.play().catch(() => {}) : Promise.resolve();
      void begun.then(() => {
        this.#isStarting = false;
        this.draw();
      });
    });
  }

  pause() {
    this.#stopBackwards();
    this.#asked++;
    this.video.pause();
    this.video.playbackRate = Number(this.speed.value);
    this.#tellPlaying();
    this.dispatchEvent(new Event("still"));
  }

  /** One frame or several, forwards or back. @param {number} frames */
  step(frames) {
    this.pause();
    void this.clock.seekFrame(this.clock.frame + frames);
  }

  /** @param {number} seconds forwards or back */
  skip(seconds) {
    this.clock.seekTime(this.clock.seconds + seconds);
  }

  /** Have the picture in view: on a small screen, what asks to be drawn or looked at may stand far below it. */
  reveal() {
    const { top, bottom } = this.stage.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) this.stage.scrollIntoView({ block: "nearest" });
  }

  /** Pause at a frame. @param {number} frame */
  goTo(frame) {
    this.pause();
    void this.clock.seekFrame(frame);
  }

  /** As J and L do: again for faster, the other for the other way. @param {1 | -1} direction */
  shuttle(direction) {
    if (direction > 0) {
      const isRunning = !this.video.paused;
      const faster = RATES.find((rate) => rate > this.video.playbackRate) ?? RATES[RATES.length - 1];
      this.play(isRunning ? faster : 1);
      return;
    }
    const rate = this.#backRate ? Math.min(4, this.#backRate * 2) : 1;
    this.video.pause();
    this.#stopBackwards();
    this.#backRate = rate;
    this.dispatchEvent(new Event("play"));
    let before = performance.now();
    const back = () => {
      const now = performance.now();
      const seconds = this.clock.seconds - ((now - before) / 1000) * rate;
      before = now;
      if (seconds <= 0) {
        this.goTo(0);
        return;
      }
      // At least a frame, or it would stand still where frames are long.
      const frame = Math.min(this.tracks.frameAtTime(seconds), this.clock.frame - 1);
      void this.clock.seekFrame(frame);
      this.#backwards = setTimeout(back, 100);
    };
    this.#backwards = setTimeout(back, 100);
    this.#tellPlaying();
  }

  #stopBackwards() {
    clearTimeout(this.#backwards);
    this.#backwards = undefined;
    this.#backRate = 0;
  }

  /** Frames of the shot that is looked at. @returns {[number, number]} */
  get shot() {
    return shotOf(this.tracks.summary.shots, this.clock.frame);
  }

  /** Draw anew before the next picture. */
  draw = oncePerPicture(() => this.#drawNow());

  #drawNow() {
    const { canvas } = this;
    const { width, height } = this.stage.getBoundingClientRect();
    const ratio = devicePixelRatio || 1;
    const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
    if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const picture = this.picture;
    if (!this.#drawsPicture) context.clearRect(0, 0, width, height);
    else {
      const time = this.clock.pictures.draw(context, picture);
      // What was drawn last is of one piece, and stays.
      if (time === null) return;
      this.#isSeeing = true;
      this.clock.see(time);
      this.#isSeeing = false;
    }
    // A still of another frame must not wear the boxes of this one.
    const hasPicture = this.clock.hasVideo || this.#stillFrame === this.clock.shown;
    const things = hasPicture && (!this.isBare || this.isEditing) ? [...this.scene.at(this.clock.shown), ...this.scene.spotsAt(this.clock.shown)] : [];
    drawThings(context, [...things, ...this.tool.things()], picture, picture.width / this.tracks.summary.width);
  }

  /** Whether the picture on the screen is the canvas's: while nothing moves, the video itself is as sharp as can be. */
  get #drawsPicture() {
    return (!this.video.paused || this.#isStarting) && this.clock.pictures.areGiven && this.still.hidden;
  }

  /** A box is being drawn, moved or resized. */
  get isEditing() {
    return this.tool.isActive;
  }

  /** Where the picture lies on the stage, in CSS pixels. */
  get picture() {
    const { width, height } = this.stage.getBoundingClientRect();
    return letterboxed({ x: 0, y: 0, width, height }, this.tracks.summary.width, this.tracks.summary.height);
  }

  /** Where on the picture, in its own pixels, somebody points. @param {PointerEvent} event @returns {Point} */
  pointOf(event) {
    const stage = this.stage.getBoundingClientRect();
    const picture = this.picture;
    const scale = this.tracks.summary.width / picture.width;
    return { x: (event.clientX - stage.left - picture.x) * scale, y: (event.clientY - stage.top - picture.y) * scale };
  }

  /** Select what lies under a point, or nothing. @param {Point} point */
  selectAt(point) {
    const thing = topmost(this.scene.at(this.clock.shown), point);
    if (!thing) this.selection.clear();
    else if (thing.sort === "region") this.selection.region(thing.id);
    else if (thing.faceId !== null) this.selection.face(thing.faceId, thing.id);
  }

  /**
   * Show a picture of the frame that is looked at over the video; null takes it away.
   * @param {string | null} url @param {boolean} [isFinished] it shows how it will be: no boxes are drawn over it
   */
  showStill(url, isFinished = false) {
    const old = this.still.src;
    this.#stillFrame = url === null ? -1 : this.clock.shown;
    this.still.hidden = url === null;
    this.isBare = url !== null && isFinished;
    if (url !== null) this.still.src = url;
    if (old.startsWith("blob:") && old !== url) URL.revokeObjectURL(old);
    this.draw();
  }

  #tellTime() {
    const { frame, seconds } = this.clock;
    part(this.root, ".time", HTMLElement).textContent = `${fineClock(seconds)} / ${fineClock(this.tracks.duration)}`;
    part(this.root, ".frame", HTMLElement).textContent = `frame ${frame}`;
  }

  #tellPlaying() {
    const button = part(this.root, ".play", HTMLElement);
    button.textContent = this.isPaused ? "Play" : "Pause";
  }
}
