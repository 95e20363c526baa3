/** What the timeline shows: one lane per person, region, and for silence; and which times are in view. */

import { reachesByTrack } from "./moved_boxes.js";
import { KEPT_COLOR, REGION_COLOR, colorOf } from "./colors.js";

/** @typedef {{start: number, end: number, id: number}} Bar seconds from the first frame; `id` of the track, or 0 */
/** @typedef {{sort: "face" | "region" | "mute", id: number, label: string, color: string, isHollow: boolean, isSelected: boolean, bars: Bar[], marks: number[], changes: Bar[]}} Lane marks where a region is lost; changes are spans whose boxes follow one that was moved by hand */

const LEAST_SPAN_S = 0.5;

/**
 * @param {import("./tracks.js").TrackStore} tracks @param {import("./edits.js").EditsStore} edits @param {import("./choice.js").Choice} choice
 * @param {import("./selection.js").Selection} selection @param {import("./scene.js").Scene} scene
 * @returns {Lane[]}
 */
export function lanesOf(tracks, edits, choice, selection, scene) {
  const { faces, regions, mutes } = tracks.summary;
  const reaches = reachesByTrack(edits.document.moved_boxes, tracks);
  const people = faces.map((face) => ({
    sort: /** @type {const} */ ("face"),
    id: face.id,
    label: scene.labelOf(face.id),
    color: choice.isKept(face.id) ? KEPT_COLOR : colorOf(face.id),
    isHollow: choice.isKept(face.id),
    isSelected: selection.faceId === face.id,
    bars: face.tracks.map((track) => ({ ...span(tracks, track.firstFrame, track.endFrame), id: track.id })),
    marks: [],
    changes: face.tracks.flatMap((track) => {
      const found = reaches.get(track.id);
      return found ? [{ ...span(tracks, found[0].start, found[found.length - 1].end), id: track.id }] : [];
    }),
  }));
  const known = new Map(regions.map((region) => [region.id, region]));
  const drawn = edits.regions.map((region) => {
    const found = known.get(region.id);
    const isKnown = region.is_followed && found && found.parts.length > 0;
    /** @type {[number, number][]} */
    const parts = isKnown ? found.parts : [[region.first_frame, region.end_frame]];
    return {
      sort: /** @type {const} */ ("region"),
      id: region.id,
      label: region.label || `Region ${region.id}`,
      color: REGION_COLOR,
      isHollow: region.is_followed && !isKnown,
      isSelected: selection.regionId === region.id,
      bars: parts.map(([first, end]) => ({ ...span(tracks, first, end), id: 0 })),
      marks: (found?.lost ?? []).map((loss) => tracks.timeOfFrame(tracks.clampFrame(loss.frame))),
      changes: [],
    };
  });
  const silence = { sort: /** @type {const} */ ("mute"), id: 0, label: "Muted", color: KEPT_COLOR, isHollow: false, isSelected: false, marks: [], changes: [],
    bars: mutes.map((mute) => ({ ...mute, id: 0 })) };
  return [...people, ...drawn, ...(mutes.length ? [silence] : [])];
}

/** @param {import("./tracks.js").TrackStore} tracks @param {number} first @param {number} end */
function span(tracks, first, end) {
  return { start: tracks.timeOfFrame(first), end: tracks.timesOfFrame(end - 1)[1] };
}

/** The times in view, of a video of some length. */
export class Window {
  /** @param {number} duration */
  constructor(duration) {
    this.duration = duration;
    this.from = 0;
    this.to = duration;
  }

  get span() {
    return this.to - this.from;
  }

  get isAll() {
    return this.span >= this.duration;
  }

  /** Show more or less, around a time that stays where it is. @param {number} factor below 1 for larger @param {number} around */
  zoom(factor, around) {
    const next = Math.min(this.duration, Math.max(Math.min(LEAST_SPAN_S, this.duration), this.span * factor));
    const share = (around - this.from) / this.span;
    this.#set(around - share * next, next);
  }

  /** @param {number} seconds */
  pan(seconds) {
    this.#set(this.from + seconds, this.span);
  }

  /** Have a time in view: turn the page when it is not. @param {number} time @returns {boolean} whether the view has changed */
  reveal(time) {
    if (time >= this.from && time <= this.to) return false;
    this.#set(time - this.span * 0.05, this.span);
    return true;
  }

  all() {
    this.#set(0, this.duration);
  }

  /** @param {number} from @param {number} length */
  #set(from, length) {
    this.from = Math.max(0, Math.min(from, this.duration - length));
    this.to = this.from + length;
  }
}

/** Times for the ruler: round ones, at least some seconds apart. @param {number} from @param {number} to @param {number} most how many @returns {number[]} */
export function ticks(from, to, most) {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000];
  const step = steps.find((each) => (to - from) / each <= most) ?? steps[steps.length - 1];
  const found = [];
  for (let i = Math.ceil(from / step - 1e-9) || 0; i * step <= to; i++) found.push(i * step);
  return found;
}

/** Bars in view, those too close to be told apart drawn as one. @param {Bar[]} bars by their start @param {Window} view @param {number} pixel seconds a pixel lasts @returns {Bar[]} */
export function visibleBars(bars, view, pixel) {
  /** @type {Bar[]} */
  const found = [];
  for (const bar of bars) {
    if (bar.end < view.from || bar.start > view.to) continue;
    const before = found[found.length - 1];
    if (before && bar.start - before.end < pixel && bar.end - bar.start < pixel) before.end = Math.max(before.end, bar.end);
    else found.push({ ...bar });
  }
  return found;
}
