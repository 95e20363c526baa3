/** How faces and regions can be hidden, in words. */

/** @typedef {{value: string, name: string, does: string}} Kind */

/** The first is recommended. @type {Kind[]} */
export const KINDS = [
  { value: "HighBlur", name: "Strong blur", does: "Recommended: no features of a face are left to see, and the picture stays pleasant." },
  { value: "Black", name: "Black", does: "Safest: nothing of the face is left, for people or machines. Choose it where somebody is in danger." },
  { value: "MediumBlur", name: "Medium blur", does: "Hides most, but whoever knows a person well may still recognise them." },
  { value: "LowBlur", name: "Light blur", does: "Weak: many can still be recognised. Not for publishing." },
  { value: "BoundingBox", name: "Boxes only", does: "Hides nothing! Draws a box around each face, to check what was found." },
];

/** @param {HTMLSelectElement} select @param {string} [unset] words for none */
export function fillKinds(select, unset) {
  const options = KINDS.map(({ value, name }) => new Option(name, value));
  select.replaceChildren(...(unset ? [new Option(unset, "")] : []), ...options);
}
