/** Short messages at the edge of the page, read out by screen readers. */

const SHOWN_MS = 8000;

/**
 * Tell something. What has failed stays until it is closed.
 * @param {string} text @param {{isBad?: boolean}} [options]
 */
export function tell(text, { isBad = false } = {}) {
  const place = /** @type {HTMLElement} */ (document.getElementById("notices"));
  const isTold = [...place.querySelectorAll(".notice.bad p")].some((words) => words.textContent === text);
  if (isBad && isTold) return;
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

/** @type {((status: number) => void)[]} */
const listeners = [];

/** Hear of each refusal of the service that a person is told of. @param {(status: number) => void} act */
export function onRefusal(act) {
  listeners.push(act);
}

/** Tell what has gone wrong. @param {unknown} error */
export function tellError(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  const { status } = /** @type {{status?: number}} */ (error ?? {});
  if (status) for (const act of listeners) act(status);
  tell(error instanceof Error ? error.message : String(error), { isBad: true });
}

/** What was told is mended. @param {unknown} error as it was given to `tellError` */
export function untell(error) {
  const text = error instanceof Error ? error.message : String(error);
  for (const notice of document.querySelectorAll("#notices .notice.bad")) {
    if (notice.querySelector("p")?.textContent === text) notice.remove();
  }
}
