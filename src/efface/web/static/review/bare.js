/** Where something that was drawn is not hidden after all. */

/**
 * Spans of frames in which a region is to be hidden and is not, because it was lost from sight or the picture was cut.
 * @param {Pick<import("./tracks.js").RegionSummary, "isFollowed" | "state" | "parts" | "firstFrame" | "endFrame">} region
 * @param {number} numFrames of the video
 * @returns {[number, number][]} first frame, and the one after the last; none while it was not followed yet
 */
export function bareSpans({ isFollowed, state, parts, firstFrame, endFrame }, numFrames) {
  if (!isFollowed || state !== "followed") return [];
  /** @type {[number, number][]} */
  const bare = [];
  let at = firstFrame;
  for (const [first, end] of [...parts].sort((a, b) => a[0] - b[0])) {
    if (first > at) bare.push([at, first]);
    at = Math.max(at, end);
  }
  const last = Math.min(endFrame, numFrames);
  if (at < last) bare.push([at, last]);
  return bare;
}
