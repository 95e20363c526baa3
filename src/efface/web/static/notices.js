/** Short messages at the edge of the page, read out by screen readers. */

const SHOWN_MS = 8000;

/**
 * Tell something. What has failed stays until it is closed.
 * @param {string} text @param {{isBad?: boolean}} [options]
 */
export function tell(text, { isBad = false } = {}) {
  const place = /** @type {HTMLElement} */ (document.getElementById("notices"));
  const notice = document.createElement("div");
  notice.className = isBad ? "notice bad" : "notice";
  const words = document.createElement("p");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "quiet small";
  close.textContent = "Close";
  close.addEventListener("click", () => notice.remove());
  notice.append(words, close);
  place.append(notice);
  if (!isBad) setTimeout(() => notice.remove(), SHOWN_MS);
}

/** Tell what has gone wrong. @param {unknown} error */
export function tellError(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  tell(error instanceof Error ? error.message : String(error), { isBad: true });
}
