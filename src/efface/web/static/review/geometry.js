/** Boxes and points, on the video and on the screen. */

/** @typedef {import("./tracks.js").Box} Box */
/** @typedef {{x: number, y: number}} Point */
/** @typedef {{x: number, y: number, width: number, height: number}} Rect */
/** @typedef {"move" | "n" | "s" | "e" | "w" | "ne" | "nw" | "se" | "sw"} Grip */

/** Where a picture lies within a stage that it does not fill. @param {Rect} stage @param {number} width @param {number} height @returns {Rect} */
export function letterboxed(stage, width, height) {
  const scale = Math.min(stage.width / width, stage.height / height);
  const size = { width: width * scale, height: height * scale };
  return { x: stage.x + (stage.width - size.width) / 2, y: stage.y + (stage.height - size.height) / 2, ...size };
}

/** @param {Box} box @param {Point} point */
export function holds([x1, y1, x2, y2], { x, y }) {
  return x >= x1 && x < x2 && y >= y1 && y < y2;
}

/** @param {Box} box */
export function area([x1, y1, x2, y2]) {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/** The smallest box under a point: what lies on top of a large one can be reached. @template {{box: Box}} T @param {T[]} things @param {Point} point @returns {T | null} */
export function topmost(things, point) {
  let best = null;
  for (const thing of things) if (holds(thing.box, point) && (!best || area(thing.box) < area(best.box))) best = thing;
  return best;
}

/** A box between two corners, whichever way it was dragged. @param {Point} a @param {Point} b @returns {Box} */
export function boxBetween(a, b) {
  return [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)];
}

/** The grip of a box under a point, within reach pixels; null for none. @param {Box} box @param {Point} point @param {number} reach @returns {Grip | null} */
export function gripAt([x1, y1, x2, y2], { x, y }, reach) {
  if (x < x1 - reach || x > x2 + reach || y < y1 - reach || y > y2 + reach) return null;
  // In a tiny box the middle must stay free for moving it.
  const inner = Math.min(reach, (x2 - x1) / 4, (y2 - y1) / 4);
  const across = x < x1 + inner ? "w" : x > x2 - inner ? "e" : "";
  const along = y < y1 + inner ? "n" : y > y2 - inner ? "s" : "";
  return /** @type {Grip} */ (along + across || "move");
}

/**
 * A box after its grip was dragged; kept at least `least` pixels wide and high, and with a part in the picture.
 * @param {Box} box @param {Grip} grip @param {number} dx @param {number} dy @param {{width: number, height: number}} picture @param {number} [least]
 * @returns {Box}
 */
export function dragged(box, grip, dx, dy, picture, least = 4) {
  let [x1, y1, x2, y2] = box;
  if (grip === "move") {
    x1 += dx;
    x2 += dx;
    y1 += dy;
    y2 += dy;
  } else {
    if (grip.includes("w")) x1 = Math.min(x1 + dx, x2 - least);
    if (grip.includes("e")) x2 = Math.max(x2 + dx, x1 + least);
    if (grip.includes("n")) y1 = Math.min(y1 + dy, y2 - least);
    if (grip.includes("s")) y2 = Math.max(y2 + dy, y1 + least);
  }
  const backX = Math.min(0, picture.width - least - x1) + Math.max(0, least - x2);
  const backY = Math.min(0, picture.height - least - y1) + Math.max(0, least - y2);
  if (grip === "move") return rounded([x1 + backX, y1 + backY, x2 + backX, y2 + backY]);
  return rounded([Math.min(x1, picture.width - least), Math.min(y1, picture.height - least), Math.max(x2, least), Math.max(y2, least)]);
}

/** Edges in eighths of a pixel, as the service keeps them. @param {Box} box @returns {Box} */
export function rounded([x1, y1, x2, y2]) {
  return [Math.floor(x1 * 8) / 8, Math.floor(y1 * 8) / 8, Math.ceil(x2 * 8) / 8, Math.ceil(y2 * 8) / 8];
}

/**
 * The box of a fixed region in a frame: as drawn, and evenly from one key frame to the next.
 * @param {{frame: number, box: Box}[]} keyframes in order of frames @param {number} frame @returns {Box}
 */
export function between(keyframes, frame) {
  const next = keyframes.findIndex((key) => key.frame >= frame);
  if (next === -1) return keyframes[keyframes.length - 1].box;
  if (next === 0 || keyframes[next].frame === frame) return keyframes[next].box;
  const [a, b] = [keyframes[next - 1], keyframes[next]];
  const share = (frame - a.frame) / (b.frame - a.frame);
  return /** @type {Box} */ (a.box.map((edge, i) => edge + (b.box[i] - edge) * share));
}
