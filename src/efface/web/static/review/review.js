/** The review page: see who is in a video, choose, correct, check, redact. */

import { api } from "../api.js";
import { tell, tellError, untell } from "../notices.js";
import { fineClock } from "../words.js";
import { Choice } from "./choice.js";
import * as operations from "./edit_operations.js";
import { EditsStore } from "./edits.js";
import { Elsewhere } from "./elsewhere.js";
import { Corrections } from "./corrections.js";
import { part } from "../elements.js";
import { numberOf } from "../words.js";
import { Keepsake } from "./keepsake.js";
import { Follower } from "./follow.js";
import { Gallery } from "./gallery.js";
import { HandChanges } from "./hand_changes.js";
import { reachesByTrack } from "./moved_boxes.js";
import { Player } from "./player.js";
import { Preview } from "./preview.js";
import { RedactPanel } from "./redact.js";
import { RiskStrip } from "./risks.js";
import { Scene } from "./scene.js";
import { Selection } from "./selection.js";
import { listenToKeys } from "./shortcuts.js";
import { Steps } from "./steps.js";
import { Tabs } from "./tabs.js";
import { Timeline } from "./timeline.js";
import { TrackStore } from "./tracks.js";
import { waitUntilAnalysed } from "./waiting.js";

class ReviewPage {
  /**
   * @param {HTMLElement} root
   * @param {{videoId: string, tracks: TrackStore, edits: EditsStore, choice: Choice, tabs: Tabs}} models with everything loaded
   */
  constructor(root, { videoId, tracks, edits, choice, tabs }) {
    this.root = root;
    this.videoId = videoId;
    this.name = String(root.dataset.name);
    this.tracks = tracks;
    this.edits = edits;
    this.choice = choice;
    this.selection = new Selection();
    this.scene = new Scene(tracks, choice, edits, this.selection);
    this.tabs = tabs;
    const { indexVersion } = tracks.summary;
    tracks.addEventListener("summary", () => {
      // Analysed anew meanwhile: whoever is shown here may be somebody else now.
      if (tracks.summary.indexVersion !== indexVersion) location.reload();
      else this.#tellChanged(choice.update(tracks.summary.faces));
    });
    this.#wireEdits();
    this.#wireChoice();
    this.player = new Player(part(root, "efface-player", HTMLElement), this);
    this.follower = new Follower(api, videoId);
    this.follower.addEventListener("followed", () => void this.#reload());
    this.gallery = this.#newGallery();
    this.corrections = new Corrections(this.#panel("corrections"), { ...this, onOpen: () => this.tabs.open("panel-corrections") });
    this.handChanges = new HandChanges(this.#panel("corrections"), this);
    this.#wireTools();
    this.#wireChecks();
    this.timeline = new Timeline(part(root, "#timeline", HTMLElement), this.player, this);
    for (const control of root.querySelectorAll("[inert]")) control.removeAttribute("inert");
  }

  /** @param {string} name */
  #panel(name) {
    return part(this.root, `#panel-${name}`, HTMLElement);
  }

  #wireChecks() {
    /** @type {RiskStrip | null} */
    let strip = null;
    const redact = new RedactPanel(this.#panel("redact"), this, api, () => strip?.numOpen ?? 0);
    const risks = new RiskStrip(this.#panel("risks"), part(this.root, "#risks-open", HTMLElement), this, api, {
      kindOf: () => redact.kind,
      onFix: (risk) => void this.#fix(risk.frame),
    });
    strip = risks;
    const note = part(this.player.root, ".stage-note", HTMLElement);
    const preview = new Preview(part(this.root, "#preview", HTMLButtonElement), note, this, api, () => redact.kind);
    redact.addEventListener("kind", () => preview.refresh());
    const elsewhere = new Elsewhere(this.root, api, this);
    redact.addEventListener("outdated", () => void elsewhere.catchUp());
    const tellOpen = () => {
      risks.setOpen(this.tabs.openId === "panel-risks");
      if (this.tabs.openId === "panel-redact") redact.tell();
    };
    this.tabs.addEventListener("open", tellOpen);
    // One may have been opened while all this was on its way.
    tellOpen();
  }

  /** Have a frame put right: by the box that is there, or by a new one. @param {number} frame */
  async #fix(frame) {
    await this.tracks.need(frame).catch(tellError);
    if (this.scene.at(frame).some((thing) => thing.isSelected)) tell("Drag the box where it should be, or draw another one where a face is bare.");
    else this.player.tool.setDrawing(true);
  }

  /** What keys do. @returns {import("./shortcuts.js").Commands} */
  commands() {
    const { player, edits } = this;
    return {
      toggle: () => player.toggle(),
      pause: () => player.pause(),
      step: (frames) => player.step(frames),
      skip: (seconds) => player.skip(seconds),
      shuttle: (direction) => player.shuttle(direction),
      goTo: (frame) => player.goTo(frame),
      last: () => player.goTo(this.tracks.summary.numFrames - 1),
      shot: (direction) => player.goTo(direction < 0 ? this.#shotBefore() : player.shot[1]),
      person: (number) => {
        const face = this.tracks.summary.faces.find((each) => numberOf(each.id) === number);
        if (!face) return;
        this.choice.toggle(face.id);
        // One key must not show a face to the world without a word: the list may be on another tab, the face in another shot.
        const name = this.scene.nameOf(face.id);
        tell(`${name[0].toUpperCase()}${name.slice(1)} is ${this.choice.isKept(face.id) ? "kept visible" : "redacted"} now.`);
      },
      draw: () => player.tool.setDrawing(!player.tool.isDrawing),
      adjust: () => {
        if (!player.tool.adjust()) tell("Nothing is selected in this frame: click a box first.");
      },
      preview: () => part(this.root, "#preview", HTMLButtonElement).click(),
      remove: () => this.#removeSelected(),
      escape: () => {
        if (player.tool.isDrawing) player.tool.setDrawing(false);
        else this.selection.clear();
      },
      undo: () => edits.undo(),
      redo: () => edits.redo(),
    };
  }

  #shotBefore() {
    const [first] = this.player.shot;
    const frame = this.player.clock.frame;
    const shots = this.tracks.summary.shots;
    return frame > first ? first : (shots[shots.findIndex((shot) => shot[0] === first) - 1]?.[0] ?? 0);
  }

  #removeSelected() {
    const { trackId, regionId } = this.selection;
    if (regionId !== null) {
      this.edits.apply(operations.deleteRegion(regionId), "delete a region");
      tell("The region is deleted. Undo brings it back.");
    } else if (trackId !== null) this.#removeTracks([trackId]);
    this.selection.clear();
  }

  /** @param {number[]} trackIds */
  #removeTracks(trackIds) {
    const remove = (/** @type {import("./edit_operations.js").Document} */ document) => trackIds.reduce((each, id) => operations.removeTrack(id)(each), document);
    this.edits.apply(remove, "remove what is no face");
    tell("Removed: what is there is not redacted any more. Undo brings it back.");
  }

  #wireEdits() {
    const { edits } = this;
    const undo = part(this.root, "#undo", HTMLButtonElement);
    const redo = part(this.root, "#redo", HTMLButtonElement);
    undo.addEventListener("click", () => edits.undo());
    redo.addEventListener("click", () => edits.redo());
    const state = part(this.root, "#save-state", HTMLElement);
    const show = () => {
      const { canUndo, canRedo, undoes, redoes } = edits.steps;
      undo.disabled = !canUndo;
      redo.disabled = !canRedo;
      undo.title = undoes && `Undo: ${undoes}`;
      redo.title = redoes && `Redo: ${redoes}`;
      part(this.root, "#stale", HTMLElement).hidden = !edits.isStale;
      const words = { saved: edits.revision ? "All corrections saved" : "", saving: "Saving…", unsaved: "Not saved yet: the service cannot be reached" };
      state.textContent = words[edits.status];
    };
    for (const name of ["change", "status", "saved", "steps"]) edits.addEventListener(name, show);
    edits.addEventListener("saved", () => void this.#reload());
    /** @type {unknown} what keeps corrections from being saved, and passes */
    let hindrance = null;
    edits.addEventListener("problem", (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      tellError(detail);
      // A refusal stays told; what is tried again until it goes through does not.
      if (!(detail?.status >= 400 && detail?.status < 500)) hindrance = detail;
    });
    edits.addEventListener("saved", () => {
      if (hindrance) untell(hindrance);
      hindrance = null;
    });
    part(this.root, "#drop-stale", HTMLElement).addEventListener("click", () => edits.apply(operations.withoutPeople(), "drop old corrections"));
    addEventListener("beforeunload", (event) => {
      if (edits.status !== "saved" && !edits.isKept) event.preventDefault();
    });
    show();
    edits.restore();
  }

  /** Whom to keep is undone and redone in one order with the corrections. */
  #wireChoice() {
    const { choice, edits, tracks } = this;
    choice.addEventListener("chosen", (event) => {
      /** @type {import("./choice.js").Chosen} */
      const { what, face, kept } = /** @type {CustomEvent} */ (event).detail;
      if (kept.length) edits.note(`${what} ${face ? this.scene.nameOf(face.id) : "everybody"}`, kept);
    });
    edits.addEventListener("kept", (event) => {
      const { kept, way, isCorrection } = /** @type {CustomEvent} */ (event).detail;
      this.#tellKept(choice.restore(kept, way === "undo" ? "before" : "after", isCorrection));
    });
    const settle = () => {
      if (choice.isAwaiting && edits.status === "saved" && tracks.summary.editsRevision === edits.revision) this.#tellKept(choice.settle());
    };
    tracks.addEventListener("summary", settle);
    edits.addEventListener("status", settle);
    edits.addEventListener("dropped", () => choice.giveUp());
    addEventListener("storage", (event) => {
      if (choice.adopt(event.key)) tell("Whom to keep was changed in another tab.");
    });
  }

  /** No face is shown to the world without a word. @param {import("./tracks.js").Face[]} faces who are kept by a step back or on */
  #tellKept(faces) {
    if (faces.length === 0) return;
    const names = faces.map((face) => this.scene.nameOf(face.id)).join(", ");
    tell(`${names[0].toUpperCase()}${names.slice(1)} ${faces.length > 1 ? "are" : "is"} kept visible again.`);
  }

  async #reload() {
    try {
      await this.tracks.load();
      await this.tracks.need(this.player.clock.shown);
    } catch (error) {
      tellError(error);
    }
  }

  #wireTools() {
    const { tool } = this.player;
    const draw = part(this.root, "#draw", HTMLButtonElement);
    const hint = part(this.player.root, ".tool-hint", HTMLElement);
    draw.addEventListener("click", () => tool.setDrawing(!tool.isDrawing));
    const tellMode = () => {
      draw.setAttribute("aria-pressed", String(tool.isDrawing));
      if (tool.isDrawing) hint.textContent = "Drag a box over what must go. By keys: arrows move, shift and arrows resize, Enter ends, Escape gives up.";
      else hint.textContent = [tool.isAdjusting ? "Arrows move the box, shift and arrows resize it, Enter ends, Escape gives up." : "", this.#reachOfDraft()].join(" ").trim();
      hint.hidden = hint.textContent === "";
      const { draft } = this.scene;
      hint.classList.toggle("reach", draft?.sort === "face");
      // Not over the box that is being moved.
      hint.classList.toggle("low", draft !== null && draft.box[1] + draft.box[3] < this.tracks.summary.height);
    };
    for (const name of ["mode", "draft"]) tool.addEventListener(name, tellMode);
    tool.addEventListener("moved", (event) => {
      const { sort, id, frame, box } = /** @type {CustomEvent} */ (event).detail;
      if (sort === "face") this.edits.apply(operations.moveBox(id, frame, box), "move a box");
      else this.corrections.place(id, frame, box);
    });
  }

  /** What else the box changes that is being moved, in words. */
  #reachOfDraft() {
    const { draft } = this.scene;
    if (draft?.sort !== "face") return "";
    const moved = operations.moveBox(draft.id, draft.frame, draft.box)(this.edits.document).moved_boxes;
    const reach = reachesByTrack(moved, this.tracks).get(draft.id)?.find((each) => each.frame === draft.frame);
    const clock = (/** @type {number} */ frame) => fineClock(this.tracks.timeOfFrame(frame));
    return reach ? `The frames around follow, ${clock(reach.start)} – ${clock(reach.end - 1)}: look at them too.` : "";
  }

  #newGallery() {
    const { edits } = this;
    return new Gallery(this.#panel("people"), this.tracks, this.choice, this.selection, {
      onGoTo: (frame) => this.player.goTo(frame),
      onMerge: (faceIds) => this.#whenKnown(() => {
        const wasKept = faceIds.some((id) => this.choice.isKept(id));
        const kept = this.choice.merge(faceIds);
        if (wasKept && !this.choice.isKept(Math.min(...faceIds))) tell("Who is one person now is redacted, since not all of them were kept.");
        edits.apply(operations.mergeFaces(faceIds, edits.detected), "merge people", kept);
      }),
      onSplit: (trackIds) => this.#whenKnown(() => {
        edits.apply(operations.splitTracks(trackIds, edits.newFaceId(), edits.detected), "split somebody off");
      }),
      onRemove: (trackIds) => this.#removeTracks(trackIds),
      onRename: async (faceId, name) => {
        try {
          await api.send("PUT", `/Videos/${this.videoId}/Index/Faces/${faceId}`, { query: { newName: name } });
          await this.#reload();
        } catch (error) {
          tellError(error);
        }
      },
      picture: (id) => api.picture(`/Videos/${this.videoId}/Thumbnails/${id}`),
      labelOf: (faceId) => this.scene.labelOf(faceId),
    });
  }

  /** @param {() => void} act */
  #whenKnown(act) {
    this.edits.known().then(act).catch(tellError);
  }

  /** @param {import("./tracks.js").Face[]} faces who are redacted again */
  #tellChanged(faces) {
    if (faces.length === 0) return;
    this.choice.dispatchEvent(new Event("change"));
    const names = faces.map((face) => this.scene.nameOf(face.id)).join(", ");
    tell(`${names[0].toUpperCase()}${names.slice(1)} got more moments, which may show somebody else, and is redacted again: look, and keep them anew if that is right.`);
  }
}

/** Where this browser, or this tab, remembers something; some forbid it. @param {"localStorage" | "sessionStorage"} kind */
function storage(kind) {
  try {
    return window[kind];
  } catch {
    return null;
  }
}

/** @param {HTMLElement} root */
async function start(root) {
  const videoId = String(root.dataset.video);
  // These work from the first moment; what they show comes in.
  const tabs = new Tabs(part(root, ".side", HTMLElement));
  const command = listenToKeys(part(root, "#help", HTMLElement));
  if (root.dataset.state !== "Processed") await waitUntilAnalysed(api, videoId, root);
  const tracks = new TrackStore(api, videoId);
  const ofTab = storage("sessionStorage");
  const edits = new EditsStore(api, videoId, new Keepsake(ofTab, videoId), new Steps(ofTab, videoId));
  const choice = new Choice(storage("localStorage"));
  const [account, url] = await Promise.all([api.account(), api.fileLink(videoId), edits.load(tracks.load())]);
  if (choice.open(account.id, videoId, tracks.summary.indexVersion)) {
    tell("This video was analysed anew since you chose whom to keep: everybody is redacted again.", { isBad: true });
  }
  choice.update(tracks.summary.faces);
  const page = new ReviewPage(root, { videoId, tracks, edits, choice, tabs });
  command(page.commands());
  page.player.open(url);
}

start(part(document, "#review", HTMLElement)).catch((error) => {
  const failure = part(document, "#failure", HTMLElement);
  failure.textContent = error instanceof Error ? error.message : String(error);
  failure.hidden = false;
});
