/** What is drawn over a frame: faces of people, and regions, each with its looks. */

import { numberOf } from "../words.js";
import { REGION_COLOR, SPOT_COLOR, colorOf } from "./colors.js";
import { between } from "./geometry.js";
import { PendingMoves } from "./moved_boxes.js";

/** @typedef {import("./tracks.js").Box} Box */
/**
 * @typedef {{sort: "face" | "region", id: number, faceId: number | null, box: Box, label: string, color: string,
 *   isKept: boolean, isSelected: boolean, isGuess: boolean}} Thing `id` is that of the track or the region; a guess is
 *   a place that the engine has not looked at yet
 */

export class Scene {
  /** @type {{sort: "face" | "region", id: number, frame: number, box: Box} | null} what is being dragged */
  draft = null;
  /** @type {{frame: number, box: Box} | null} where somebody is to look */
  spot = null;

  /**
   * @param {import("./tracks.js").TrackStore} tracks @param {import("./choice.js").Choice} choice
   * @param {import("./edits.js").EditsStore} edits @param {import("./selection.js").Selection} selection
   */
  constructor(tracks, choice, edits, selection) {
    this.tracks = tracks;
    this.choice = choice;
    this.edits = edits;
    this.selection = selection;
    this.pending = new PendingMoves(tracks, edits);
  }

  /** @param {number} frame @returns {Thing[]} */
  at(frame) {
    return [...this.#faces(frame), ...this.#regions(frame)];
  }

  /** @param {number} frame @returns {Thing[]} */
  #faces(frame) {
    return this.tracks.boxesAt(frame).map((known) => ({ known, ...this.pending.at(known, frame, this.draft) })).map(({ known: { trackId, faceId }, box, isGuess }) => ({
      sort: "face",
      id: trackId,
      faceId,
      box,
      label: this.labelOf(faceId),
      color: colorOf(faceId),
      isKept: this.choice.isKept(faceId),
      isSelected: this.selection.trackId === trackId || (this.selection.trackId === null && this.selection.faceId === faceId),
      isGuess,
    }));
  }

  /** @param {number} frame @returns {Thing[]} */
  #regions(frame) {
    const followed = new Map(this.tracks.regionsAt(frame).map(({ regionId, box }) => [regionId, box]));
    const found = [];
    for (const region of this.edits.regions) {
      if (frame < region.first_frame || frame >= region.end_frame) continue;
      const drawn = region.keyframes.find((key) => key.frame === frame)?.box;
      const place = region.is_followed ? (drawn ?? followed.get(region.id)) : between(region.keyframes, frame);
      const box = this.#drafted("region", region.id, frame) ?? place;
      if (!box) continue;
      found.push({
        sort: /** @type {const} */ ("region"),
        id: region.id,
        faceId: null,
        box,
        label: region.label || `Region ${region.id}`,
        color: REGION_COLOR,
        isKept: region.kind === "BoundingBox",
        isSelected: this.selection.regionId === region.id,
        isGuess: region.is_followed && !followed.has(region.id),
      });
    }
    return found;
  }

  /** Where to look in a frame: drawn, but nothing that can be taken hold of. @param {number} frame @returns {Thing[]} */
  spotsAt(frame) {
    if (this.spot?.frame !== frame) return [];
    const looks = { label: "Look here", color: SPOT_COLOR, isKept: false, isSelected: false, isGuess: true };
    return [{ sort: "region", id: -1, faceId: null, box: this.spot.box, ...looks }];
  }

  /** A number, and a name for those who have one. @param {number} faceId */
  labelOf(faceId) {
    const face = this.#face(faceId);
    return face?.isNamed ? `${numberOf(faceId)} ${face.name}` : String(numberOf(faceId));
  }

  /** The same in a sentence. @param {number} faceId */
  nameOf(faceId) {
    const face = this.#face(faceId);
    return face?.isNamed ? face.name : `person ${numberOf(faceId)}`;
  }

  /** @param {number} faceId */
  #face(faceId) {
    return this.tracks.summary.faces.find((face) => face.id === faceId);
  }

  /** @param {"face" | "region"} sort @param {number} id @param {number} frame */
  #drafted(sort, id, frame) {
    const { draft } = this;
    return draft && draft.sort === sort && draft.id === id && draft.frame === frame ? draft.box : null;
  }
}
