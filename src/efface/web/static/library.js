/** The library page: cards, search, uploads. */

import { api } from "./api.js";
import { VideoCard } from "./card.js";
import { arrange, part } from "./elements.js";
import { watch } from "./events.js";
import { tell, tellError } from "./notices.js";
import { Upload, UploadQueue } from "./upload.js";
import { UploadRow } from "./upload_row.js";
import { count } from "./words.js";

const PAGE_SIZE = 24;
const TYPING_MS = 250;

class Library {
  /** @type {Map<string, VideoCard>} */
  #cards = new Map();
  #skip = 0;
  #asked = 0;
  #queue = new UploadQueue();
  /** @type {Set<Upload>} */
  #uploads = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;

  constructor() {
    this.form = part(document, "#find", HTMLFormElement);
    this.list = part(document, "#cards", HTMLElement);
    this.count = part(document, "#count", HTMLElement);
    this.before = part(document, "#before", HTMLButtonElement);
    this.after = part(document, "#after", HTMLButtonElement);
    this.files = part(document, "#files", HTMLInputElement);
  }

  start() {
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => this.#fromStart(TYPING_MS));
    this.before.addEventListener("click", () => this.#turn(-PAGE_SIZE));
    this.after.addEventListener("click", () => this.#turn(PAGE_SIZE));
    part(document, "#choose", HTMLButtonElement).addEventListener("click", () => this.files.click());
    this.files.addEventListener("change", () => {
      this.#take(this.files.files);
      this.files.value = "";
    });
    part(document, "#by-url", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#fetchByUrl(/** @type {HTMLFormElement} */ (event.currentTarget));
    });
    this.#listenToDrops();
    this.list.addEventListener("delete-video", (event) => void this.#delete(/** @type {CustomEvent} */ (event).detail));
    addEventListener("beforeunload", (event) => {
      if ([...this.#uploads].some((upload) => !upload.isOver)) event.preventDefault();
    });
    watch(api, {
      onVideo: (news) => this.#heard(news),
      onPoll: () => void this.#load(),
    });
    void this.#load();
    // Coming back, a browser fills in the fields as they were, after this.
    const asked = this.#wanted();
    addEventListener("pageshow", () => {
      if (this.#wanted() !== asked) this.#fromStart(0);
    });
  }

  #listenToDrops() {
    addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) document.body.classList.remove("dropping");
    });
    addEventListener("drop", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      document.body.classList.remove("dropping");
      this.#take(event.dataTransfer.files);
    });
  }

  /** What the fields ask for, as text. */
  #wanted() {
    return JSON.stringify([...new FormData(this.form).entries()]);
  }

  /** @param {FileList | null} files */
  #take(files) {
    for (const file of files ?? []) {
      const upload = new Upload(api, file);
      const row = new UploadRow(upload);
      part(document, "#uploads", HTMLElement).append(row);
      this.#uploads.add(upload);
      void this.#queue.add(upload).then(() => {
        this.#uploads.delete(upload);
        if (upload.state === "done") this.#fromStart(0);
      });
    }
  }

  /** @param {HTMLFormElement} form */
  async #fetchByUrl(form) {
    const address = String(new FormData(form).get("url") ?? "").trim();
    const problem = part(document, "#by-url-problem", HTMLElement);
    const button = part(form, "button", HTMLButtonElement);
    if (!/^https?:\/\/[^/]/i.test(address)) {
      problem.textContent = "That is no address of the web: it begins with https:// or http://, as in your browser's address bar.";
      problem.hidden = false;
      return;
    }
    // Pressed twice, it would be fetched twice.
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    problem.hidden = true;
    try {
      await api.send("POST", "/Videos", { query: { videoUrl: address } });
      form.reset();
      tell("The video is being fetched.");
      this.#fromStart(0);
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
      problem.hidden = false;
    } finally {
      button.ariaDisabled = null;
    }
  }

  /** @param {import("./card.js").LibraryItem} item */
  async #delete(item) {
    const dialog = part(document, "#delete-dialog", HTMLDialogElement);
    const made = item.redactions.length ? ` Its ${count(item.redactions.length, "redacted video", "redacted videos")} will stay.` : "";
    part(document, "#delete-text", HTMLElement).textContent =
      `“${item.name}” and everything that was found in it will be gone for good.${made}`;
    dialog.returnValue = "cancel";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "delete") return;
    try {
      await api.send("DELETE", `/Videos/${item.id}`);
      tell(`“${item.name}” was deleted.`);
    } catch (error) {
      tellError(error);
    }
    void this.#load();
  }

  /** @param {import("./events.js").VideoNews} news */
  #heard(news) {
    const card = this.#cards.get(news.id);
    if (card?.isAlike(news)) card.progress(news);
    else this.#loadSoon(300);
  }

  /** @param {number} wait */
  #fromStart(wait) {
    this.#skip = 0;
    this.#loadSoon(wait);
  }

  /** @param {number} by */
  #turn(by) {
    this.#skip = Math.max(0, this.#skip + by);
    void this.#load().then(() => part(document, "#main", HTMLElement).focus());
  }

  /** @param {number} wait */
  #loadSoon(wait) {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.#load(), wait);
  }

  async #load() {
    const asked = ++this.#asked;
    const chosen = Object.fromEntries(new FormData(this.form).entries());
    try {
      const page = await api.get("/Library", { query: { ...chosen, skip: this.#skip, pageSize: PAGE_SIZE } });
      // An answer to an earlier question may come later.
      if (asked === this.#asked) this.#show(page, Boolean(chosen.query));
    } catch (error) {
      if (asked === this.#asked) {
        this.count.textContent = error instanceof Error ? error.message : String(error);
      }
    }
  }

  /** @param {{results: import("./card.js").LibraryItem[], total: number}} page @param {boolean} isSearch */
  #show(page, isSearch) {
    const cards = new Map();
    for (const item of page.results) {
      const card = this.#cards.get(item.id) ?? new VideoCard();
      card.show(item);
      cards.set(item.id, card);
    }
    arrange(this.list, [...cards.values()]);
    this.#cards = cards;
    this.before.hidden = this.#skip === 0;
    this.after.hidden = this.#skip + page.results.length >= page.total;
    if (page.total) this.count.textContent = count(page.total, "video", "videos");
    else this.count.textContent = isSearch ? "Nothing was found." : "No videos yet: choose one, and its faces are found by itself.";
  }
}

new Library().start();
