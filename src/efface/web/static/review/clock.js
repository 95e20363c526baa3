/** Which frame a video element shows, exactly, and how to have it show another. */

import { Pictures } from "./picture.js";
import { lastAtMost } from "./tracks.js";

/** @typedef {import("./tracks.js").TrackStore} TrackStore */

const HAS_CALLBACKS = "requestVideoFrameCallback" in (globalThis.HTMLVideoElement?.prototype ?? {});
const INTO_FRAME_S = 0.0005;
/** How long a picture may take to come after a seek, on a busy machine; and before it is sought deeper in its frame. */
const SETTLED_MS = 1000;
const DEEPER_MS = 300;
/** How far into a frame is sought when its picture does not come, as shares of its length; first of all just behind its beginning. */
const DEPTHS = [0, 0.5, 0.95];
const RETRY_MS = 150;
const TRIES = 20;

/** Tells "frame" when another frame is looked at (`frame`), and "shown" when another picture is on the screen (`shown`), "novideo" when the browser cannot show any. */
export class FrameClock extends EventTarget {
  /** Media time of the first frame: containers begin at any. Known once it was on the screen. @type {number | null} */
  #start = null;
  /** @type {number | null} media time of the picture on the screen */
  #shownTime = null;
  #wanted = -1;
  /** The seek to it has ended; its picture may still be on its way. */
  #isSought = false;
  /** @type {number | null} where to seek when the seek under way has ended */
  #next = null;
  #time = 0;
  #triesLeft = 0;
  #depth = 0;

  /** @param {HTMLVideoElement} video @param {TrackStore} tracks */
  constructor(video, tracks) {
    super();
    this.video = video;
    this.tracks = tracks;
    this.frame = 0;
    this.shown = 0;
    /** Whether there is a picture to step through; else stills of the service stand in for it. */
    this.hasVideo = true;
    /** Whether this browser does not show the frame that is looked at, so that a still of the service stands in for it. */
    this.lacks = false;
    this.pictures = new Pictures(video);
    this.ready = this.#firstPicture();
    video.addEventListener("seeked", () => this.#seeked());
    tracks.addEventListener("chunk", () => {
      if (this.#shownTime !== null && (this.#wanted < 0 || this.#isSought)) this.#show(this.#shownTime);
    });
  }

  /** Seconds from the first frame. */
  get seconds() {
    return this.tracks.timeOfFrame(this.frame);
  }

  /** Look at a frame. @param {number} frame @returns {Promise<void>} when the seek has begun */
  async seekFrame(frame) {
    const wanted = this.tracks.clampFrame(frame);
    this.#wanted = wanted;
    this.#isSought = false;
    // The page answers at once; the picture comes when it is decoded.
    this.#tell(wanted);
    await Promise.all([this.ready, this.tracks.need(wanted).catch(() => {})]);
    if (this.#wanted !== wanted) return;
    if (!this.hasVideo) {
      this.#wanted = -1;
      this.#tellShown(wanted);
      return;
    }
    this.lacks = false;
    this.#depth = 0;
    this.#seekInto(wanted);
  }

  /** Seek into a frame: as deep as it has been tried in vain. @param {number} wanted */
  #seekInto(wanted) {
    const [start, end] = this.tracks.timesOfFrame(wanted);
    // Just behind its beginning: before it by no rounding, and not past the length that the container gives it, which
    // is often less than the time until the next one.
    const into = this.#depth === 0 ? Math.min((end - start) / 2, INTO_FRAME_S) : (end - start) * DEPTHS[this.#depth];
    this.#seek(start + into + (this.#start ?? 0));
  }

  /** Look at what is shown at a time. @param {number} seconds from the first frame */
  seekTime(seconds) {
    const within = Math.min(Math.max(0, seconds), Math.max(0, this.tracks.duration - 1e-3));
    void this.seekFrame(this.tracks.frameAtTime(within));
  }

  /** @param {number} time */
  #seek(time) {
    this.#time = time;
    this.#triesLeft = TRIES;
    // A held key asks faster than pictures are decoded; each must be seen all the same.
    if (this.video.seeking) this.#next = time;
    else this.video.currentTime = time;
  }

  #seeked() {
    if (this.#next !== null) {
      this.video.currentTime = this.#next;
      this.#next = null;
      return;
    }
    const wanted = this.#wanted;
    if (wanted < 0) return;
    // A container may claim to be shorter than it is: browsers stop there, until they have read on.
    if (this.video.currentTime < this.#time - INTO_FRAME_S && this.#triesLeft-- > 0) {
      setTimeout(() => {
        if (this.#wanted === wanted && !this.video.seeking) this.video.currentTime = this.#time;
      }, RETRY_MS);
      return;
    }
    if (!HAS_CALLBACKS) {
      this.#wanted = -1;
      this.#tellShown(wanted);
      return;
    }
    this.#isSought = true;
    // Which picture has come is told by its own time, never by what was asked for. But not those of seeks before, which a
    // busy machine shows late: the next step would begin at them.
    setTimeout(() => {
      if (this.#isSought && this.#wanted === wanted) this.#settle(wanted);
    }, this.#depth + 1 < DEPTHS.length ? DEEPER_MS : SETTLED_MS);
  }

  /** The picture of a frame has not come. @param {number} wanted */
  #settle(wanted) {
    // Matroska gives frames no lengths, and browsers hold each for the usual one: a short frame is shown late, or never.
    if (this.video.paused && ++this.#depth < DEPTHS.length) {
      this.#isSought = false;
      this.#seekInto(wanted);
      return;
    }
    this.#wanted = -1;
    if (this.video.paused) {
      this.lacks = true;
      this.#tellShown(wanted);
    } else this.#tell(this.shown);
  }

  /** @returns {Promise<void>} when it is known at which time the container begins */
  #firstPicture() {
    if (!HAS_CALLBACKS) {
      // Each browser counts a video that begins late in its own way; this one does not tell which.
      if (this.tracks.summary.startPts === 0) this.#followRoughly();
      else this.#giveUp();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const none = () => {
        this.#giveUp();
        resolve();
      };
      this.video.addEventListener("error", none, { once: true });
      // A browser that knows the sound alone plays that, before a black picture.
      this.video.addEventListener("loadedmetadata", () => { if (this.video.videoWidth === 0) none(); }, { once: true });
      /** @param {number} _now @param {{mediaTime: number}} metadata */
      const shown = (_now, metadata) => {
        if (this.#start === null) {
          this.#start = metadata.mediaTime;
          resolve();
        }
        if (this.video.paused) this.pictures.look(metadata.mediaTime);
        this.#show(metadata.mediaTime);
        this.video.requestVideoFrameCallback(shown);
      };
      this.video.requestVideoFrameCallback(shown);
    });
  }

  #giveUp() {
    this.hasVideo = false;
    // Whoever made this clock listens in a moment.
    queueMicrotask(() => this.dispatchEvent(new Event("novideo")));
  }

  /** Without callbacks there is the time that plays: right to a frame or so while playing, exact while paused. */
  #followRoughly() {
    const look = () => {
      if (!this.video.paused && this.#wanted < 0) this.#show(this.video.currentTime);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }

  /** Take over which picture is on the screen. @param {number} mediaTime of a picture that the page itself has drawn */
  see(mediaTime) {
    this.#show(mediaTime);
  }

  /** @param {number} mediaTime */
  #show(mediaTime) {
    this.#shownTime = mediaTime;
    const frame = this.tracks.frameAtTime(mediaTime - (this.#start ?? 0));
    void this.tracks.need(frame).catch(() => {});
    if (this.#isSought && (frame === this.#wanted || !this.video.paused)) this.#wanted = -1;
    if (this.#wanted < 0) this.#tell(frame);
    if (frame === this.frame) this.lacks = false;
    this.#tellShown(frame);
  }

  /** @param {number} frame */
  #tell(frame) {
    if (frame === this.frame) return;
    this.frame = frame;
    this.dispatchEvent(new Event("frame"));
  }

  /** @param {number} frame */
  #tellShown(frame) {
    if (frame === this.shown) return;
    this.shown = frame;
    this.dispatchEvent(new Event("shown"));
  }
}

/** The shot that a frame is in. @param {[number, number][]} shots @param {number} frame @returns {[number, number]} */
export function shotOf(shots, frame) {
  return shots[lastAtMost(shots.length, (i) => shots[i][0], frame)];
}
