/** Making and finding elements. */

/**
 * An element with properties.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Partial<HTMLElementTagNameMap[T]>} [properties]
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

/**
 * A part of the page that must be there.
 * @template {HTMLElement} T
 * @param {ParentNode} root @param {string} selector @param {new () => T} kind
 * @returns {T}
 */
export function part(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

/** Scroll a card into view within its panel, and never the page: the video must stay where it is. @param {HTMLElement} card */
export function reveal(card) {
  const panel = card.closest(".panel");
  if (!panel || panel.scrollHeight <= panel.clientHeight) return;
  const [inner, outer] = [card.getBoundingClientRect(), panel.getBoundingClientRect()];
  if (inner.top < outer.top) panel.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) panel.scrollTop += Math.min(inner.bottom - outer.bottom, inner.top - outer.top);
}

/** The same act, done once before the next picture however often it is asked for. @param {() => void} act @returns {() => void} */
export function oncePerPicture(act) {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      act();
    });
  };
}
