/** One video in the library. */

import { api } from "./api.js";
import { make } from "./elements.js";
import { clock, count, fileSize, moment } from "./words.js";

/**
 * @typedef {{id: string, name: string, created: string, state: string, progress: number, failureMessage: string,
 *   durationInSeconds: number | null, width: number | null, height: number | null, sizeInBytes: number | null,
 *   thumbnailId: string | null, facesCount: number | null, canBeRedacted: boolean, hasSourceVideoFile: boolean,
 *   originalVideoId: string | null, redactions: {id: string, name: string, state: string}[], jobId: string | null}} LibraryItem
 */

const UNDER_WAY = new Set(["Uploaded", "Processing"]);

// Pictures are fetched when their card comes near: a page of 24 would else cost more than everything else on it.
const whenNear = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) /** @type {VideoCard} */ (entry.target).comeNear();
    }
  },
  { rootMargin: "80px" },
);

export class VideoCard extends HTMLElement {
  /** @type {LibraryItem | null} */
  #item = null;
  #picture = "";
  #pictureOf = "";
  #isNear = false;

  constructor() {
    super();
    this.className = "video-card";
    this.setAttribute("role", "listitem");
  }

  connectedCallback() {
    whenNear.observe(this);
  }

  disconnectedCallback() {
    whenNear.unobserve(this);
    // Cards are moved when the list is shown anew; only those that stay away give their picture back.
    setTimeout(() => {
      if (!this.isConnected && this.#picture) {
        URL.revokeObjectURL(this.#picture);
        this.#picture = this.#pictureOf = "";
      }
    }, 1000);
  }

  comeNear() {
    this.#isNear = true;
    if (this.#item) void this.#loadPicture(this.#item);
  }

  /** Whether news can be told without asking for the rest. @param {{state: string}} news */
  isAlike(news) {
    return this.#item?.state === news.state;
  }

  /** @param {{processingProgress?: string}} news */
  progress(news) {
    const bar = this.querySelector("progress");
    const percent = Number.parseInt(news.processingProgress ?? "", 10);
    if (!bar || !this.#item || Number.isNaN(percent)) return;
    this.#item.progress = percent;
    bar.value = percent;
    const words = this.querySelector(".state");
    if (words) words.textContent = stateWords(this.#item);
  }

  /** @param {LibraryItem} item */
  show(item) {
    const before = this.#item;
    this.#item = item;
    if (before && JSON.stringify(before) === JSON.stringify(item) && this.firstChild) return;
    this.replaceChildren(this.#shot(item), this.#text(item));
    void this.#loadPicture(item);
  }

  /** @param {LibraryItem} item */
  #shot(item) {
    const shot = make("a", { className: "shot" });
    shot.setAttribute("href", address(item));
    // The name below is the same link, for those who hear the page.
    shot.setAttribute("tabindex", "-1");
    shot.setAttribute("aria-hidden", "true");
    const picture = make("img");
    picture.setAttribute("alt", "");
    picture.setAttribute("width", "320");
    picture.setAttribute("height", "180");
    if (this.#picture) picture.setAttribute("src", this.#picture);
    else picture.hidden = true;
    shot.append(picture);
    if (item.durationInSeconds !== null) shot.append(make("span", { className: "length", textContent: clock(item.durationInSeconds) }));
    if (item.originalVideoId) shot.append(make("span", { className: "badge", textContent: "Redacted" }));
    return shot;
  }

  /** @param {LibraryItem} item */
  #text(item) {
    const text = make("div", { className: "text" });
    const name = make("a", { className: "name", textContent: item.name });
    name.setAttribute("href", address(item));
    const line = make("p", { className: "muted facts", textContent: facts(item).join(" · ") });
    text.append(name, line);
    if (UNDER_WAY.has(item.state)) {
      const bar = document.createElement("progress");
      bar.max = 100;
      bar.value = item.progress;
      bar.setAttribute("aria-label", `Progress of ${item.name}`);
      text.append(make("p", { className: "state", textContent: stateWords(item) }), bar);
    } else if (item.state === "Failed") {
      text.append(make("p", { className: "state bad", textContent: item.failureMessage || "It failed." }));
    }
    text.append(this.#links(item));
    return text;
  }

  /** @param {LibraryItem} item */
  #links(item) {
    const row = make("div", { className: "row links" });
    for (const made of item.redactions.filter((each) => each.state !== "Failed").slice(0, 3)) {
      const link = make("a", { textContent: `Redacted: ${made.name}` });
      link.setAttribute("href", api.page(`/web/redactions/${made.id}`));
      row.append(link);
    }
    if (item.originalVideoId) {
      const link = make("a", { textContent: "Original" });
      link.setAttribute("href", api.page(`/web/videos/${item.originalVideoId}`));
      row.append(link);
    }
    const remove = make("button", { className: "quiet small remove", textContent: "Delete" });
    remove.setAttribute("type", "button");
    remove.setAttribute("aria-label", `Delete ${item.name}`);
    remove.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("delete-video", { bubbles: true, detail: item }));
    });
    row.append(remove);
    return row;
  }

  /** @param {LibraryItem} item */
  async #loadPicture(item) {
    if (!this.#isNear || !item.thumbnailId || this.#pictureOf === item.thumbnailId) return;
    this.#pictureOf = item.thumbnailId;
    try {
      this.#picture = await api.picture(`/Videos/${item.id}/Thumbnails/${item.thumbnailId}`, { query: { maxSide: 320 } });
    } catch {
      this.#pictureOf = "";
      return;
    }
    const picture = this.querySelector("img");
    if (picture) {
      picture.src = this.#picture;
      picture.hidden = false;
    }
  }
}

/** @param {LibraryItem} item */
function address(item) {
  return api.page(item.originalVideoId ? `/web/redactions/${item.id}` : `/web/videos/${item.id}`);
}

/** @param {LibraryItem} item */
function facts(item) {
  const parts = [];
  if (item.facesCount !== null) parts.push(item.facesCount ? count(item.facesCount, "person", "people") : "no faces");
  if (item.sizeInBytes !== null) parts.push(fileSize(item.sizeInBytes));
  else if (item.state === "Processed") parts.push("file deleted");
  parts.push(moment(item.created));
  return parts;
}

/** @param {LibraryItem} item */
function stateWords(item) {
  // A video is taken up before a worker has time for it.
  if (item.state === "Uploaded" || item.progress === 0) return "Waiting for its turn…";
  return item.originalVideoId ? `Redacting… ${item.progress} %` : `Finding faces… ${item.progress} %`;
}

customElements.define("video-card", VideoCard);
