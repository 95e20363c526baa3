/** Where to look in a still: it is enlarged around what may be bare, and that is framed. */

/** @typedef {import("./tracks.js").Box} Box */
/** @typedef {{left: number, top: number, width: number, height: number}} Part shares of the frame that the still is shown in */
/** @typedef {{image: Part, spot: Part}} Look */

const SHAPE = 16 / 9;
/** How much of the shown part the box takes up: the face, and who and what is around it. */
const SHARE = 0.3;
const MOST = 8;
const GROW = 0.015;

/**
 * @param {Box} box in pixels of the picture @param {{width: number, height: number}} picture
 * @returns {Look} within a frame of 16 to 9 that the picture lies in the middle of
 */
export function lookAt([x1, y1, x2, y2], { width, height }) {
  const shape = width / height / SHAPE;
  const [sx, sy] = shape < 1 ? [shape, 1] : [1, 1 / shape];
  const left = (1 - sx) / 2 + (x1 / width) * sx;
  const top = (1 - sy) / 2 + (y1 / height) * sy;
  const size = [((x2 - x1) / width) * sx, ((y2 - y1) / height) * sy];
  const zoom = Math.min(MOST, Math.max(1, SHARE / Math.max(...size)));
  const image = {
    left: within(0.5 - zoom * (left + size[0] / 2), 1 - zoom, 0),
    top: within(0.5 - zoom * (top + size[1] / 2), 1 - zoom, 0),
    width: zoom,
    height: zoom,
  };
  const spot = {
    left: image.left + zoom * left - GROW,
    top: image.top + zoom * top - GROW * SHAPE,
    width: zoom * size[0] + 2 * GROW,
    height: zoom * size[1] + 2 * GROW * SHAPE,
  };
  return { image, spot };
}

/** @param {HTMLElement} image @param {HTMLElement} spot @param {Look} look */
export function placeLook(image, spot, look) {
  for (const [element, part] of /** @type {[HTMLElement, Part][]} */ ([[image, look.image], [spot, look.spot]])) {
    for (const side of /** @type {(keyof Part)[]} */ (["left", "top", "width", "height"])) element.style[side] = `${(part[side] * 100).toFixed(2)}%`;
  }
}

/** @param {number} value @param {number} least @param {number} most */
function within(value, least, most) {
  return Math.min(most, Math.max(least, value));
}
