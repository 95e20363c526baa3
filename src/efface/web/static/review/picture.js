/**
 * The playing picture, drawn onto the canvas of the boxes. Browsers put a video on the screen by themselves, a picture or two
 * before what a page draws for it: at sixty a second boxes over the video element lag behind faces. On one canvas they cannot.
 */

/** @typedef {import("./geometry.js").Rect} Rect */

const MICROSECONDS = 1e-6;
const SAME_S = 1e-3;

/** What a video shows just now, to be closed by whoever takes it; null where there is nothing or the browser gives none. @param {HTMLVideoElement} video */
function pictureOf(video) {
  try {
    return new VideoFrame(video);
  } catch {
    return null; // no picture yet, or none that the page may have
  }
}

/**
 * Whether this browser gives pictures of a video upright, each with the time that it tells of the one that is shown.
 * @param {HTMLVideoElement} video paused @param {number} mediaTime of what it shows
 */
export function givesPictures(video, mediaTime) {
  if (!("VideoFrame" in globalThis)) return false; // an old browser, or a page that came without TLS from elsewhere
  const picture = pictureOf(video);
  if (!picture) return false;
  const isAlike = picture.displayWidth === video.videoWidth && picture.displayHeight === video.videoHeight;
  const isTimed = Math.abs(picture.timestamp * MICROSECONDS - mediaTime) < SAME_S;
  picture.close();
  return isAlike && isTimed;
}

/**
 * Draw what a video shows, and tell which picture that is: nothing else than this one is drawn.
 * @param {CanvasRenderingContext2D} context @param {HTMLVideoElement} video @param {Rect} place
 * @returns {number | null} its media time in seconds; null, and nothing drawn, while there is none
 */
export function drawPicture(context, video, place) {
  const picture = pictureOf(video);
  if (!picture) return null;
  context.drawImage(picture, place.x, place.y, place.width, place.height);
  const time = picture.timestamp * MICROSECONDS;
  picture.close();
  return time;
}
