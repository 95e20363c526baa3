/** Drawing things over the picture, sharp on any screen. */

import { KEPT_COLOR } from "./colors.js";

/** @typedef {import("./scene.js").Thing} Thing */
/** @typedef {import("./geometry.js").Rect} Rect */

const FONT_PX = 12;
const LABEL_PX = 17;
const GRIP_PX = 8;
const MOST_LETTERS = 16;

/**
 * @param {CanvasRenderingContext2D} context in CSS pixels of the stage
 * @param {Thing[]} things @param {Rect} picture where the picture lies on the stage @param {number} scale stage pixels per picture pixel
 */
export function drawThings(context, things, picture, scale) {
  context.font = `600 ${FONT_PX}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.save();
  context.beginPath();
  // A box may reach past the border of the picture; what lies there is not shown anyway.
  context.rect(picture.x, picture.y, picture.width, picture.height);
  context.clip();
  // Who is selected lies on top.
  for (const thing of [...things].sort((a, b) => Number(a.isSelected) - Number(b.isSelected))) drawThing(context, thing, picture, scale);
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {Thing} thing @param {Rect} picture @param {number} scale */
function drawThing(context, { box, color, label, isKept, isSelected, isGuess }, picture, scale) {
  const x = picture.x + box[0] * scale;
  const y = picture.y + box[1] * scale;
  const width = (box[2] - box[0]) * scale;
  const height = (box[3] - box[1]) * scale;
  const ink = isKept ? KEPT_COLOR : color;
  context.setLineDash([]);
  if (!isKept) {
    context.globalAlpha = isSelected ? 0.3 : 0.16;
    context.fillStyle = ink;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
  }
  // A dark line under a coloured one is seen on any picture.
  context.strokeStyle = "rgb(0 0 0 / 65%)";
  context.lineWidth = isSelected ? 5 : 3.5;
  context.strokeRect(x, y, width, height);
  context.strokeStyle = isSelected ? "#ffffff" : ink;
  context.lineWidth = 2;
  if (isKept || isGuess) context.setLineDash([5, 4]);
  context.strokeRect(x, y, width, height);
  context.setLineDash([]);
  drawLabel(context, label, isKept ? " · kept" : "", ink, x, y, picture);
  if (isSelected) drawGrips(context, x, y, width, height);
}

/**
 * @param {CanvasRenderingContext2D} context @param {string} label @param {string} suffix that is never cut @param {string} ink
 * @param {number} x @param {number} y @param {Rect} picture
 */
function drawLabel(context, label, suffix, ink, x, y, picture) {
  // A long name would cover the faces beside it, which are what is looked at.
  const letters = [...label];
  const text = (letters.length > MOST_LETTERS ? `${letters.slice(0, MOST_LETTERS - 1).join("")}…` : label) + suffix;
  const width = context.measureText(text).width + 9;
  const left = Math.max(picture.x, Math.min(x - 1, picture.x + picture.width - width));
  const top = y - LABEL_PX - 1 < picture.y ? Math.max(y, picture.y) : y - LABEL_PX - 1;
  context.fillStyle = "rgb(12 13 15 / 86%)";
  context.fillRect(left, top, width, LABEL_PX);
  context.fillStyle = ink;
  context.fillRect(left, top, 3, LABEL_PX);
  context.fillStyle = "#ffffff";
  context.fillText(text, left + 6, top + LABEL_PX / 2 + 0.5);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} width @param {number} height */
function drawGrips(context, x, y, width, height) {
  if (width < GRIP_PX * 3 || height < GRIP_PX * 3) return;
  context.fillStyle = "#ffffff";
  context.strokeStyle = "rgb(0 0 0 / 65%)";
  context.lineWidth = 1;
  for (const [gx, gy] of [[x, y], [x + width, y], [x, y + height], [x + width, y + height]]) {
    context.fillRect(gx - GRIP_PX / 2, gy - GRIP_PX / 2, GRIP_PX, GRIP_PX);
    context.strokeRect(gx - GRIP_PX / 2, gy - GRIP_PX / 2, GRIP_PX, GRIP_PX);
  }
}
