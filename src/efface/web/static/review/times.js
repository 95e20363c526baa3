/** Times as people write them, and on the video's own clock as corrections hold them. */

/** @typedef {{startPts: number, timeBase: {numerator: number, denominator: number}}} Timing */

const TEXT = /^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:[.,]\d{1,3})?)$/;

/** "1:02:03.5", "2:03.5" or "12.5" in seconds, null for anything else. @param {string} text */
export function parseClock(text) {
  const found = TEXT.exec(text.trim());
  if (!found) return null;
  const [hours, minutes, seconds] = [found[1] ?? "0", found[2] ?? "0", found[3].replace(",", ".")].map(Number);
  return hours * 3600 + minutes * 60 + seconds;
}

/**
 * Seconds from the first frame, as an exact fraction on the video's own clock.
 * @param {number} seconds kept to a thousandth @param {Timing} timing @returns {string}
 */
export function toOwnClock(seconds, { startPts, timeBase }) {
  const denominator = BigInt(timeBase.denominator) * 1000n;
  const numerator = BigInt(startPts) * BigInt(timeBase.numerator) * 1000n + BigInt(Math.round(seconds * 1000)) * BigInt(timeBase.denominator);
  const divisor = greatestDivisor(numerator < 0n ? -numerator : numerator, denominator);
  const [above, below] = [numerator / divisor, denominator / divisor];
  return below === 1n ? String(above) : `${above}/${below}`;
}

/** The other way. @param {string | number} time as corrections hold it @param {Timing} timing @returns {number} seconds from the first frame */
export function fromOwnClock(time, { startPts, timeBase }) {
  const [above, below] = String(time).split("/").map(Number);
  return above / (below ?? 1) - (startPts * timeBase.numerator) / timeBase.denominator;
}

/** @param {bigint} a @param {bigint} b */
function greatestDivisor(a, b) {
  while (b) [a, b] = [b, a % b];
  return a || 1n;
}
