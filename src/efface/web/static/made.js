/** How a video was redacted, in words: for whoever decides whether it may be shown. */

import { KINDS } from "./kinds.js";
import { count, numberOf } from "./words.js";

/**
 * @typedef {{blurringKind: string, coversFaces: boolean, hiddenCount: number, kept: {id: number, name: string | null}[], regionsCount: number,
 *   mutesCount: number, removedTracksCount: number, openRisksCount: number}} Made
 */

const MOST_NAMES = 12;

/** "Strong blur", of a kind as the service calls it. @param {string} value */
export function kindName(value) {
  return KINDS.find((kind) => kind.value === value)?.name ?? value;
}

/** What was done, in one line. @param {Made} made */
export function howWords(made) {
  const parts = [made.coversFaces ? count(made.hiddenCount, "person", "people") : "no face"];
  if (made.regionsCount) parts.push(count(made.regionsCount, "drawn region", "drawn regions"));
  if (made.mutesCount) parts.push(count(made.mutesCount, "muted span", "muted spans"));
  const names = made.kept.slice(0, MOST_NAMES).map(({ id, name }) => name ?? `Person ${numberOf(id)}`);
  if (made.kept.length > MOST_NAMES) names.push(`${made.kept.length - MOST_NAMES} more`);
  const kept = names.length ? ` Kept visible: ${names.join(", ")}.` : "";
  const kind = kindName(made.blurringKind);
  const how = made.blurringKind === "BoundingBox" ? kind : `Hidden by ${kind.toLowerCase()}`;
  return `${how}: ${parts.join(", ")}.${kept}`;
}

/** What kind and choice leave to see. @param {string} kind @param {number} numHidden people @param {number} numKept people */
export function choiceWarnings(kind, numHidden, numKept) {
  const warnings = [];
  if (kind === "BoundingBox") warnings.push("Boxes only hides nothing: every face stays visible. Do not publish the result.");
  if (kind === "LowBlur" || kind === "MediumBlur") warnings.push("People who know somebody may still recognise them through this blur.");
  if (numHidden === 0) warnings.push(numKept ? "Nobody is redacted: all faces stay visible." : "No face was found: look through the video before you publish it.");
  return warnings;
}

/** What was left open when it was made. @param {Made} made */
export function madeWarnings(made) {
  const warnings = made.coversFaces
    ? choiceWarnings(made.blurringKind, made.hiddenCount, made.kept.length)
    : ["No face was redacted: only what was drawn or muted by hand."];
  const { removedTracksCount: removed, openRisksCount: open } = made;
  if (removed) warnings.push(`${count(removed, "moment stays", "moments stay")} visible, taken for no face by hand.`);
  if (open) warnings.push(`${count(open, "moment", "moments")} where a face may be bare had not been looked at when this was made.`);
  return warnings;
}
