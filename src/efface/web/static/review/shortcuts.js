/** Keys, as players and editors have them, and the list of them. */

import { make } from "../elements.js";

/** @typedef {{keys: string, does: string}} Line */

/** @type {Line[]} */
const LINES = [
  { keys: "Space or K", does: "Play or pause" },
  { keys: "← →", does: "One frame back or on" },
  { keys: "Shift + ← →", does: "One second back or on" },
  { keys: "J, L", does: "Play backwards or forwards; again for faster" },
  { keys: "Home, End", does: "First or last frame" },
  { keys: "[ and ]", does: "Shot before or after" },
  { keys: "1 to 9", does: "Keep or redact that person" },
  { keys: "D", does: "Draw a box; arrows move it, Shift + arrows resize it, Enter ends" },
  { keys: "E", does: "Move or resize the selected box with the arrows" },
  { keys: "P", does: "Preview this frame as it will be" },
  { keys: "Delete", does: "Delete the selected region, or the selected moment as not a face" },
  { keys: "Esc", does: "Give up, or select nothing" },
  { keys: "Ctrl + Z, Ctrl + Shift + Z", does: "Undo, redo" },
  { keys: "?", does: "This list" },
];

/**
 * @typedef {{toggle: () => void, pause: () => void, step: (frames: number) => void, skip: (seconds: number) => void, shuttle: (direction: 1 | -1) => void,
 *   goTo: (frame: number) => void, last: () => void, shot: (direction: 1 | -1) => void, person: (number: number) => void, draw: () => void,
 *   adjust: () => void, preview: () => void, remove: () => void, escape: () => void, undo: () => void, redo: () => void}} Commands
 */

/**
 * Listen for keys on the whole page, but not where somebody types.
 * @param {HTMLElement} helpButton shows the list of keys, as its key does
 * @returns {(commands: Commands) => void} to be told what they do, once that can be done: the list is there before
 */
export function listenToKeys(helpButton) {
  /** @type {Commands | null} */
  let commands = null;
  const dialog = helpDialog();
  const help = () => dialog.showModal();
  helpButton.addEventListener("click", help);
  addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.defaultPrevented || document.querySelector("dialog[open]") || isTyping(target)) return;
    const action = actionOf(event, commands, help);
    if (!action) return;
    // A button that has the focus is pressed by space itself.
    if (event.key === " " && target instanceof HTMLElement && target.closest("button, input, summary, a")) return;
    event.preventDefault();
    action();
  });
  return (known) => { commands = known; };
}

/**
 * @param {Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">} event @param {Commands | null} commands null while there is nothing to command @param {() => void} help
 * @returns {(() => void) | null}
 */
export function actionOf(event, commands, help) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!commands) return key === "?" && !event.ctrlKey && !event.metaKey && !event.altKey ? help : null;
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return event.shiftKey ? commands.redo : commands.undo;
    return key === "y" ? commands.redo : null;
  }
  if (event.altKey) return null;
  if (/^[1-9]$/.test(key)) return () => commands.person(Number(key));
  /** @type {Record<string, () => void>} */
  const actions = {
    " ": commands.toggle,
    k: commands.toggle,
    j: () => commands.shuttle(-1),
    l: () => commands.shuttle(1),
    ArrowLeft: () => (event.shiftKey ? commands.skip(-1) : commands.step(-1)),
    ArrowRight: () => (event.shiftKey ? commands.skip(1) : commands.step(1)),
    Home: () => commands.goTo(0),
    End: commands.last,
    "[": () => commands.shot(-1),
    "]": () => commands.shot(1),
    d: commands.draw,
    e: commands.adjust,
    p: commands.preview,
    Delete: commands.remove,
    Backspace: commands.remove,
    Escape: commands.escape,
    "?": help,
  };
  return actions[key] ?? null;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "range"].includes(target.type);
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement || target.isContentEditable;
}

function helpDialog() {
  const dialog = make("dialog", { className: "keys" });
  dialog.setAttribute("aria-labelledby", "keys-title");
  const list = make("dl");
  for (const { keys, does } of LINES) list.append(make("dt", { textContent: keys }), make("dd", { textContent: does }));
  const form = make("form", { method: "dialog", className: "row end" });
  form.append(make("button", { className: "primary", textContent: "Close" }));
  dialog.append(make("h2", { id: "keys-title", textContent: "Keys" }), list, form);
  document.body.append(dialog);
  return dialog;
}
