/** Numbers and moments in words. */

/** Ids of people count from the one after this. */
const FACE_ID_BASE = 1000;

/** "1:02:03" or "0:42". @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** The same with tenths. @param {number} seconds */
export function fineClock(seconds) {
  const tenths = Math.floor(Math.max(0, seconds) * 10 + 1e-6);
  return `${clock(tenths / 10)}.${tenths % 10}`;
}

/** "12 MB". @param {number} bytes */
export function fileSize(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  let amount = bytes;
  while (amount >= 1000 && i < units.length - 1) {
    amount /= 1000;
    i++;
  }
  return `${amount >= 10 || i === 0 ? Math.round(amount) : amount.toFixed(1)} ${units[i]}`;
}

/** "1 person", "3 people". @param {number} n @param {string} one @param {string} many */
export function count(n, one, many) {
  return `${n} ${n === 1 ? one : many}`;
}

/** A day and time as this browser's user writes them. @param {string} iso */
export function moment(iso) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

/**
 * The number that somebody goes by. It stays theirs when others are merged, split or removed: whoever was told
 * "keep number 4" must not find another person under it.
 * @param {number} faceId
 */
export function numberOf(faceId) {
  return faceId > FACE_ID_BASE ? faceId - FACE_ID_BASE : faceId;
}
