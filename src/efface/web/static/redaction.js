/** The page of a redacted video: how far it is, then the result beside the original. */

import { api, ApiError } from "./api.js";
import { make } from "./elements.js";
import { watch } from "./events.js";
import { howWords, madeWarnings } from "./made.js";
import { tell, tellError } from "./notices.js";
import { OriginalStills } from "./original_stills.js";
import { Pair } from "./pair.js";
import { TrackStore } from "./review/tracks.js";
import { fineClock } from "./words.js";

/** @typedef {import("./review/clock.js").FrameClock} FrameClock */

const page = /** @type {HTMLElement} */ (document.getElementById("redaction"));
const videoId = page.dataset.video ?? "";
const originalId = page.dataset.original ?? "";

/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);

class RedactionPage {
  #jobId = "";
  #isShown = false;
  #asked = 0;

  start() {
    at("cancel").addEventListener("click", () => void this.#cancel());
    at("copy-link").addEventListener("click", () => void this.#copyLink());
    at("download").addEventListener("click", (/** @type {Event} */ event) => void this.#download(event));
    watch(api, {
      onVideo: (news) => {
        if (news.id === videoId) void this.#load();
      },
      onJob: (news) => {
        if (news.outputId === videoId && news.state === "Processing") this.#progress(news.progress);
      },
      onPoll: () => {
        if (!this.#isShown) void this.#load();
      },
    });
    void this.#load();
  }

  async #load() {
    const asked = ++this.#asked;
    let item;
    try {
      item = await api.get(`/Library/${videoId}`);
    } catch (error) {
      if (asked === this.#asked) this.#tellFailure(error);
      return;
    }
    // An answer to an earlier question may come later.
    if (asked !== this.#asked) return;
    this.#jobId = item.jobId ?? "";
    const isUnderWay = item.state === "Uploaded" || item.state === "Processing";
    at("progress").hidden = !isUnderWay;
    if (isUnderWay) this.#progress(item.progress);
    at("failure").hidden = item.state !== "Failed";
    at("failure").textContent = item.failureMessage;
    showMade(item.redaction, item.notices);
    at("state").textContent = item.state === "Processed" ? "Done" : "";
    if (item.state === "Processed" && !this.#isShown) {
      this.#isShown = true;
      await this.#show(item).catch(tellError);
    }
  }

  /** @param {unknown} error */
  #tellFailure(error) {
    const isGone = error instanceof ApiError && error.status === 404;
    if (isGone) at("progress").hidden = true;
    at("failure").hidden = false;
    if (isGone) at("failure").textContent = "This video is not there any more: it was deleted, or its redaction was cancelled.";
    else at("failure").textContent = error instanceof Error ? error.message : String(error);
  }

  /** @param {number} percent */
  #progress(percent) {
    at("progress-bar").value = percent;
    at("progress-text").textContent = percent ? `Redacting… ${percent} %` : "Waiting for its turn…";
  }

  /** @param {{hasSourceVideoFile: boolean, width: number, height: number}} item */
  async #show(item) {
    document.documentElement.style.setProperty("--ratio", `${item.width} / ${item.height}`);
    const redacted = at("redacted");
    const original = at("original");
    redacted.addEventListener("error", () => { at("unplayable").hidden = false; });
    const pair = new Pair(redacted, original);
    const [link, tracks] = await Promise.all([api.fileLink(videoId), this.#tracks()]);
    // Before the first pictures come, which tell at which time each file begins.
    const clock = tracks && pair.learn(tracks);
    redacted.src = link;
    // Without an address it is no link: no key reaches it, and no screen reader tells of it.
    at("download").href = redacted.src;
    const hasOriginal = await this.#linkOriginal(original, clock);
    new Controls(pair).start();
    at("download").hidden = at("copy-link").hidden = at("link-hint").hidden = false;
    at("original-gone").hidden = hasOriginal;
    original.hidden = !hasOriginal || !at("original-unplayable").hidden;
  }

  /** When each frame begins, as it was found in the original. @returns {Promise<TrackStore | null>} null where nobody knows any more */
  async #tracks() {
    // Whatever was corrected since: stills without a correction hide nothing.
    const reader = { get: (/** @type {string} */ path, options = {}) => api.get(path, { ...options, query: { edits: 0 } }) };
    const tracks = new TrackStore(reader, originalId);
    try {
      await tracks.load();
      return tracks;
    } catch {
      return null;
    }
  }

  /** @param {HTMLVideoElement} original @param {FrameClock | null} clock of the redacted video @returns {Promise<boolean>} whether it is there */
  async #linkOriginal(original, clock) {
    original.addEventListener("error", () => {
      original.hidden = true;
      at("original-unplayable").hidden = false;
      if (clock) new OriginalStills(api, at("original-still"), clock);
    });
    try {
      original.src = await api.fileLink(originalId);
    } catch {
      return false;
    }
    const link = at("to-original");
    link.href = api.page(`/web/videos/${originalId}`);
    link.hidden = false;
    return true;
  }

  /** @param {Event} event */
  async #download(event) {
    event.preventDefault();
    try {
      // Fresh each time: a page may stand open longer than a link lives.
      const link = document.createElement("a");
      link.href = await api.fileLink(videoId);
      link.download = fileName(page.dataset.name ?? "redacted", link.href);
      link.click();
    } catch (error) {
      tellError(error);
    }
  }

  async #copyLink() {
    try {
      const link = new URL(await api.fileLink(videoId), location.href).href;
      if (await copied(link)) tell("The link was copied. It works for an hour.");
      else {
        at("link").value = link;
        at("link-field").hidden = false;
        at("link").select();
      }
    } catch (error) {
      tellError(error);
    }
  }

  async #cancel() {
    if (!this.#jobId) return;
    try {
      await api.send("DELETE", `/Jobs/${this.#jobId}`);
      location.assign(api.page(`/web/videos/${originalId}`));
    } catch (error) {
      tellError(error);
    }
  }
}

class Controls {
  /** @param {Pair} pair */
  constructor(pair) {
    this.pair = pair;
  }

  start() {
    const { pair } = this;
    const { leader } = pair;
    at("play").addEventListener("click", () => void pair.toggle());
    at("step-back").addEventListener("click", () => pair.step(-1));
    at("step-on").addEventListener("click", () => pair.step(1));
    at("sound").addEventListener("change", () => {
      leader.muted = !at("sound").checked;
    });
    at("sound").checked = false;
    leader.muted = true;
    at("speed").addEventListener("change", () => pair.setSpeed(Number(at("speed").value)));
    at("position").addEventListener("input", () => pair.seek((at("position").valueAsNumber / 1000) * pair.duration));
    for (const kind of ["play", "pause", "ended", "timeupdate", "seeked", "loadedmetadata"]) {
      leader.addEventListener(kind, () => this.#show());
    }
    addEventListener("keydown", (event) => this.#key(event));
  }

  #show() {
    const { pair } = this;
    const time = pair.leader.currentTime;
    at("play").textContent = pair.isPlaying ? "Pause" : "Play";
    at("play").setAttribute("aria-label", pair.isPlaying ? "Pause" : "Play");
    at("time").textContent = `${fineClock(time)} / ${fineClock(pair.duration)}`;
    if (document.activeElement !== at("position") || pair.isPlaying) {
      at("position").value = String(pair.duration ? Math.round((1000 * time) / pair.duration) : 0);
    }
    at("position").setAttribute("aria-valuetext", fineClock(time));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, button, a")) return;
    const { pair } = this;
    const seconds = pair.leader.currentTime;
    /** @type {Record<string, () => void>} */
    const actions = {
      " ": () => void pair.toggle(),
      k: () => void pair.toggle(),
      j: () => pair.seek(seconds - 5),
      l: () => pair.seek(seconds + 5),
      ArrowLeft: () => (event.shiftKey ? pair.seek(seconds - 1) : pair.step(-1)),
      ArrowRight: () => (event.shiftKey ? pair.seek(seconds + 1) : pair.step(1)),
      Home: () => pair.seek(0),
      End: () => pair.seek(pair.duration),
    };
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

/** How it was made, and what a user should know before it is shown. @param {import("./made.js").Made | null} made @param {string[]} notices */
function showMade(made, notices) {
  at("how").textContent = made ? howWords(made) : "";
  const sentences = notices.map((notice) => `${notice.slice(0, 1).toUpperCase()}${notice.slice(1)}${/[.!?]$/.test(notice) ? "" : "."}`);
  const told = [...(made ? madeWarnings(made) : []), ...sentences];
  at("told").hidden = told.length === 0;
  at("told").replaceChildren(...told.map((text) => make("p", { textContent: text })));
}

/** Whether a text is on the clipboard, which browsers give to pages of https and of this machine only. @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A name to save under, with the suffix that the file has. @param {string} name @param {string} address */
function fileName(name, address) {
  const stored = decodeURIComponent(new URL(address, location.href).pathname);
  const suffix = /\.[A-Za-z0-9]{2,4}$/.exec(stored)?.[0] ?? ".mp4";
  return /\.[A-Za-z0-9]{2,4}$/.test(name) ? name : name + suffix;
}

new RedactionPage().start();
