/** A colour for each person: told apart on any picture, in light and dark, and never the only sign. */

// Medium lightness, so that each has contrast 3 against white and near-black; neighbours differ in hue and lightness.
const PALETTE = ["#d1670a", "#2a86d8", "#1f9254", "#c9509f", "#8f6fe0", "#978300", "#d9534a", "#12919a", "#7a8b16", "#a8682f"];

export const KEPT_COLOR = "#8a9099";
export const SPOT_COLOR = "#f2b632";
export const REGION_COLOR = "#e0483d";

/** @param {number} faceId */
export function colorOf(faceId) {
  // Ids are given from 1001 on; those that splits make lie anywhere.
  return PALETTE[(((faceId - 1001) % PALETTE.length) + PALETTE.length) % PALETTE.length];
}
