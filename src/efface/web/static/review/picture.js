/**
 * The playing picture, drawn onto the canvas of the boxes. Browsers put a video on the screen by themselves, a picture or two
 * before what a page draws for it: at sixty a second boxes over the video element lag behind faces. On one canvas they cannot.
 */

/** @typedef {import("./geometry.js").Rect} Rect */

const MICROSECONDS = 1e-6;
const SAME_S = 1e-3;
const SIDE = 8;
/** Of 255: less tells nothing about which way up a picture is; more between two of them is no rounding. */
const LEAST_CONTRAST = 24;
const LIKE = 12;

/** Pictures of a video, each with its time, in browsers that give them. */
export class Pictures {
  /** Whether those that were looked at were right: upright, and of the time that is shown. */
  areGiven = false;
  #isSure = false;
  /** @type {CanvasRenderingContext2D | null} */
  #small = null;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
  }

  /** Find out on a picture that stands still. @param {number} mediaTime of it, in seconds */
  look(mediaTime) {
    // An old browser has none, and a page that came without TLS from elsewhere gets none.
    if (this.#isSure || !("VideoFrame" in globalThis)) return;
    const picture = this.#take();
    if (!picture) return;
    const isTimed = Math.abs(picture.timestamp * MICROSECONDS - mediaTime) < SAME_S;
    const [own, shown] = [this.#lumas(picture), this.#lumas(this.video)];
    picture.close();
    this.areGiven = isTimed && own.every((luma, i) => Math.abs(luma - shown[i]) < LIKE);
    this.#isSure = this.areGiven && Math.max(...shown) - Math.min(...shown) > LEAST_CONTRAST;
  }

  /**
   * Draw what the video shows, and tell which picture that is: nothing else than this one is drawn.
   * @param {CanvasRenderingContext2D} context @param {Rect} place
   * @returns {number | null} its media time in seconds; null, and nothing drawn, while there is none
   */
  draw(context, place) {
    const picture = this.#take();
    if (!picture) return null;
    context.drawImage(picture, place.x, place.y, place.width, place.height);
    const time = picture.timestamp * MICROSECONDS;
    picture.close();
    return time;
  }

  /** Which picture the video shows, as its media time in seconds; null while that is not known. */
  time() {
    const picture = this.areGiven ? this.#take() : null;
    if (!picture) return null;
    const time = picture.timestamp * MICROSECONDS;
    picture.close();
    return time;
  }

  /** What is shown just now, to be closed. */
  #take() {
    try {
      return new VideoFrame(this.video);
    } catch {
      return null; // none yet, or none that the page may have
    }
  }

  /** Greens of a tiny copy, by rows. @param {CanvasImageSource} source */
  #lumas(source) {
    this.#small ??= Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE }).getContext("2d", { willReadFrequently: true });
    const context = /** @type {CanvasRenderingContext2D} */ (this.#small);
    context.drawImage(source, 0, 0, SIDE, SIDE);
    return [...context.getImageData(0, 0, SIDE, SIDE).data].filter((_, i) => i % 4 === 1);
  }
}
