/** The panel that has the video redacted: how, with what in mind, and how far it is. */

import { watch } from "../events.js";
import { tellError } from "../notices.js";
import { count, moment } from "../words.js";
import { bareSpans } from "./bare.js";
import { arrangeRows, make, part, reveal } from "../elements.js";
import { KINDS } from "../kinds.js";
import { choiceWarnings, kindName } from "../made.js";
import { redactionBody } from "./redaction_body.js";
import { spanWords } from "./region_card.js";

/** @typedef {{id: string, name: string, state: string, created: string, redaction: import("../made.js").Made | null}} Done */

const JOBS = 100;

/** Tells "kind" when another kind is chosen. */
export class RedactPanel extends EventTarget {
  #jobId = "";
  #outputId = "";
  /** @type {Map<string, import("../events.js").JobNews>} the last of each job: one may have ended before its number is known here */
  #news = new Map();
  /** @type {Set<string>} jobs that were cancelled here, whose end is no failure */
  #cancelled = new Set();
  #asked = 0;

  /**
   * @param {HTMLElement} root
   * @param {{tracks: import("./tracks.js").TrackStore, edits: import("./edits.js").EditsStore, choice: import("./choice.js").Choice,
   *   scene: import("./scene.js").Scene, videoId: string, name: string}} models
   * @param {import("../api.js").ApiClient} api @param {() => number} openRisks
   */
  constructor(root, models, api, openRisks) {
    super();
    this.models = models;
    this.api = api;
    this.openRisks = openRisks;
    this.form = part(root, ".redact-form", HTMLFormElement);
    this.kinds = part(root, ".kinds", HTMLElement);
    this.who = part(root, ".redact-who", HTMLElement);
    this.warnings = part(root, ".redact-warnings", HTMLElement);
    this.button = part(root, ".redact-button", HTMLButtonElement);
    this.progress = part(root, ".redact-progress", HTMLElement);
    this.progressText = part(root, ".redact-progress-text", HTMLElement);
    this.bar = part(root, ".redact-progress progress", HTMLProgressElement);
    this.ready = part(root, ".redact-ready", HTMLElement);
    this.done = part(root, ".redactions", HTMLElement);
    this.doneTitle = part(root, ".redactions-title", HTMLElement);
    part(root, ".redact-cancel", HTMLElement).addEventListener("click", () => void this.#cancel());
    this.#fillKinds();
    part(this.form, "[name=name]", HTMLInputElement).value = `${withoutEnding(models.name)}-redacted`;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#redact();
    });
    for (const model of [models.choice, models.edits, models.tracks]) for (const name of ["change", "summary"]) model.addEventListener(name, () => this.tell());
    watch(api, {
      onJob: (news) => this.#heard(news),
      onVideo: (news) => {
        if (news.id === this.#outputId) void this.#loadDone();
        // Analysed anew.
        if (news.id === this.models.videoId && news.state === "Processed") this.dispatchEvent(new Event("outdated"));
      },
      onPoll: () => void this.#look(),
    });
    this.tell();
    void this.#loadDone();
  }

  /** How faces are to be hidden. */
  get kind() {
    return String(new FormData(this.form).get("kind") ?? KINDS[0].value);
  }

  /** Say anew who is redacted, and what to mind. */
  tell() {
    const { choice, edits, scene } = this.models;
    const { numKept, numRedacted } = choice;
    const kept = choice.keptIds.map((id) => scene.nameOf(id)).join(", ");
    const parts = [count(numRedacted, "person", "people")];
    if (edits.regions.length) parts.push(count(edits.regions.length, "drawn region", "drawn regions"));
    if (edits.document.mutes.length) parts.push(count(edits.document.mutes.length, "muted span", "muted spans"));
    this.who.textContent = `Hidden: ${parts.join(", ")}. ${numKept ? `Kept visible: ${kept}.` : "Nobody is kept visible."}`;
    const warnings = [...choiceWarnings(this.kind, numRedacted, numKept), ...this.#bareRegions(), ...this.#handChanges()];
    const open = this.openRisks();
    if (open) warnings.push(`${count(open, "moment has", "moments have")} not been looked at: see Check.`);
    this.warnings.replaceChildren(...warnings.map((text) => make("p", { className: "warning", textContent: text })));
  }

  /** What was drawn to be hidden, and is not all the time. */
  #bareRegions() {
    const { tracks, edits } = this.models;
    const nameOf = (/** @type {{id: number, label: string}} */ { id, label }) => label || `Region ${id}`;
    const framed = edits.regions.filter((region) => region.kind === "BoundingBox").map((region) => `${nameOf(region)} hides nothing: a box is drawn around it.`);
    const lost = tracks.summary.regions.flatMap((region) => {
      const spans = bareSpans(region, tracks.summary.numFrames).map(([first, end]) => spanWords(first, end, tracks));
      return spans.length && edits.region(region.id) ? [`${nameOf(region)} is not hidden ${spans.join(", ")}: it could not be followed there, see Correct.`] : [];
    });
    return [...framed, ...lost];
  }

  /** What somebody has said of faces that were found: a slip of the hand shows a face. */
  #handChanges() {
    const { removed_tracks: removed, moved_boxes: moved } = this.models.edits.document;
    const words = [];
    if (removed.length) words.push(`${count(removed.length, "moment stays", "moments stay")} visible as not a face: see Correct.`);
    if (moved.length) words.push(`${count(moved.length, "box of a face was", "boxes of faces were")} changed by hand: see Correct.`);
    return words;
  }

  #fillKinds() {
    this.kinds.append(
      ...KINDS.map(({ value, name, does }, i) => {
        const label = make("label", { className: "kind" });
        const radio = make("input", { type: "radio", name: "kind", value, checked: i === 0 });
        const words = make("span", { className: "kind-words" });
        words.append(make("strong", { textContent: name }), make("span", { className: "hint", textContent: does }));
        label.append(radio, words);
        return label;
      }),
    );
    this.kinds.addEventListener("change", () => {
      this.tell();
      this.dispatchEvent(new Event("kind"));
    });
  }

  async #redact() {
    const { choice, edits, videoId } = this.models;
    // Not `disabled`, which takes the focus away.
    if (this.button.ariaDisabled === "true") return;
    this.button.ariaDisabled = "true";
    try {
      await edits.settled();
      // Whoever got more moments by the last correction is redacted again: that must be known before anything runs.
      if (this.models.tracks.summary.editsRevision !== edits.revision) await this.models.tracks.load();
      const values = new FormData(this.form);
      const query = { name: String(values.get("name")).trim() || null, streamingPreset: values.get("streaming") ? "SingleBitrate" : "NoStreaming" };
      const body = JSON.stringify(redactionBody(this.kind, choice.keptIds, edits.revision));
      // Bound to what is shown: in another index those who are kept may be others, and what was drawn elsewhere would stay bare.
      const headers = { "Content-Type": "application/json", "If-Match": `"${this.models.tracks.summary.indexVersion}.${edits.revision}"` };
      const answer = await this.api.send("POST", `/Videos/${videoId}/redact`, { query, body, headers });
      // A new one: what an earlier one was about to say is no matter any more.
      this.#jobId = String(answer.headers.get("Location")).split(/[?#]/)[0].split("/").pop() ?? "";
      this.#outputId = "";
      this.#showProgress(0);
      reveal(this.progress);
      const news = this.#news.get(this.#jobId);
      if (news) this.#heard(news);
      else void this.#loadDone();
    } catch (error) {
      tellError(error);
      if (/** @type {any} */ (error)?.status === 412) this.dispatchEvent(new Event("outdated"));
    } finally {
      this.button.ariaDisabled = null;
    }
  }

  async #cancel() {
    const jobId = this.#jobId;
    this.#cancelled.add(jobId);
    try {
      await this.api.send("DELETE", `/Jobs/${jobId}`);
      if (this.#jobId === jobId) this.#stopped();
    } catch (error) {
      this.#cancelled.delete(jobId);
      tellError(error);
    }
    void this.#loadDone();
  }

  /** Nothing is under way any more: the next one can be asked for, by keys too. */
  #stopped() {
    const hadFocus = this.progress.contains(document.activeElement);
    this.#jobId = "";
    this.progress.hidden = true;
    if (hadFocus) this.button.focus({ preventScroll: true });
  }

  /** @param {import("../events.js").JobNews} news */
  #heard(news) {
    if (news.videoId !== this.models.videoId || news.jobType !== "Redaction") return;
    // What was asked before the end may be answered after it.
    if (news.state === "Processing" && (this.#news.get(news.id)?.state ?? "Processing") !== "Processing") return;
    this.#news.set(news.id, news);
    if (!this.#jobId && news.state === "Processing" && !this.#cancelled.has(news.id)) this.#jobId = news.id;
    if (news.id !== this.#jobId) return;
    this.#outputId = news.outputId ?? this.#outputId;
    if (news.state === "Processing") this.#showProgress(news.progress);
    else this.#ended(news.state === "Failed" ? (news.error ?? "The redaction has failed.") : null);
  }

  /** See how the job is when no news come through. */
  async #look() {
    const jobId = this.#jobId;
    if (!jobId) return;
    try {
      const { results } = await this.api.get("/Jobs", { query: { pageSize: JOBS } });
      const job = results.find((/** @type {{id: string}} */ each) => each.id === jobId);
      if (job) this.#heard({ ...job, outputId: job.outputVideoId ?? undefined, error: job.failureMessage || undefined });
    } catch {
      // Asked again with the next look.
    }
  }

  /** @param {string | null} problem */
  #ended(problem) {
    const isCancelled = this.#cancelled.has(this.#jobId);
    this.#stopped();
    if (problem) {
      if (!isCancelled) tellError(new Error(problem));
    } else {
      this.ready.hidden = false;
      part(this.ready, "a", HTMLAnchorElement).href = this.api.page(`/web/redactions/${this.#outputId}`);
    }
    void this.#loadDone();
  }

  /** @param {number} percent */
  #showProgress(percent) {
    this.ready.hidden = true;
    this.progress.hidden = false;
    this.bar.value = percent;
    this.progressText.textContent = percent ? `Redacting… ${percent} %. You can leave this page; it goes on.` : "Waiting for its turn…";
  }

  async #loadDone() {
    const asked = ++this.#asked;
    try {
      const item = await this.api.get(`/Library/${this.models.videoId}`);
      // An answer to an earlier question may come later.
      if (asked === this.#asked) this.#fillDone(item.redactions ?? []);
    } catch {
      // The list is a convenience; the library has it too.
    }
  }

  /** @param {Done[]} redactions */
  #fillDone(redactions) {
    this.doneTitle.hidden = redactions.length === 0;
    const states = { Processed: "", Failed: "failed or stopped", Uploaded: "waiting", Processing: "under way" };
    const rows = redactions.map(({ id, name, state, created, redaction }) => {
      const word = redaction ? kindName(redaction.blurringKind) : (states[/** @type {keyof typeof states} */ (state)] ?? state);
      const makeRow = () => {
        const item = make("li", { className: "redaction row" });
        const link = make("a", { href: this.api.page(`/web/redactions/${id}`), textContent: name });
        item.append(link, make("span", { className: "hint", textContent: [word, moment(created)].filter(Boolean).join(" · ") }));
        return item;
      };
      return /** @type {[string, () => HTMLElement]} */ ([`${id} ${word} ${name}`, makeRow]);
    });
    arrangeRows(this.done, rows);
  }
}

/** "clip" of "clip.mp4", which the result need not carry in the middle of its name. @param {string} name */
function withoutEnding(name) {
  return name.replace(/(?<=.)\.[a-z][a-z0-9]{1,3}$/i, "") || name;
}
