/** What the page asks for when it has something redacted. */

/**
 * Everybody but those who are kept, with the corrections of one revision: exactly what the page shows.
 * @param {string} kind @param {number[]} keptIds @param {number} revision of the corrections, 0 for none
 */
export function redactionBody(kind, keptIds, revision) {
  // Exclude, never Include: whoever the page does not know of is hidden.
  const filter = keptIds.length ? { filter: { ids: keptIds, scope: "Exclude" } } : {};
  return { faces: { blurringKind: kind, ...filter }, ...(revision ? { edits: revision } : {}) };
}

/** Nothing hidden, to look at a frame as it is. @param {number[]} detectedIds everybody, before any correction */
export function bareBody(detectedIds) {
  return redactionBody("HighBlur", detectedIds, 0);
}
