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

const CONTROLS = "a[href], button, input, select, textarea";

/**
 * Have a list hold just these, in this order. What stays in its place is not touched, so that it keeps the focus and what
 * is being typed in it; where the focused one goes, its neighbour takes the focus, so that keys go on from there.
 * @param {HTMLElement} list @param {HTMLElement[]} items
 */
export function arrange(list, items) {
  const before = /** @type {HTMLElement[]} */ ([...list.children]);
  const focused = document.activeElement;
  const holder = before.find((child) => child.contains(focused));
  const wanted = new Set(items);
  for (const child of before) if (!wanted.has(child)) child.remove();
  items.forEach((item, i) => {
    if (list.children[i] !== item) list.insertBefore(item, list.children[i] ?? null);
  });
  if (!holder || !(focused instanceof HTMLElement) || document.activeElement === focused) return;
  const heir = holder.isConnected ? holder : items[Math.min(before.indexOf(holder), items.length - 1)];
  const control = [...holder.querySelectorAll(CONTROLS)].indexOf(focused);
  const next = /** @type {HTMLElement | undefined} */ (heir?.querySelectorAll(CONTROLS)[control]);
  (next ?? heir)?.focus({ preventScroll: true });
}

/**
 * The same for rows that are made from what they tell: one with a known key is kept as it is.
 * @param {HTMLElement} list @param {[key: string, make: () => HTMLElement][]} rows keys differ from each other
 */
export function arrangeRows(list, rows) {
  const known = new Map([...list.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.key, /** @type {HTMLElement} */ (child)]));
  const items = rows.map(([key, makeRow]) => {
    const row = known.get(key) ?? makeRow();
    row.dataset.key = key;
    return row;
  });
  arrange(list, items);
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
