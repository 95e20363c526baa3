/** One video in the library. */

import { api } from "./api.js";
import { arrangeRows, make } from "./elements.js";
import { kindName } from "./made.js";
import { clock, count, fileSize, moment } from "./words.js";

/**
 * @typedef {{id: string, name: string, created: string, state: string, progress: number, failureMessage: string,
 *   durationInSeconds: number | null, width: number | null, height: number | null, sizeInBytes: number | null,
 *   thumbnailId: string | null, redaction: import("./made.js").Made | null, facesCount: number | null, canBeRedacted: boolean, hasSourceVideoFile: boolean,
 *   originalVideoId: string | null, redactions: {id: string, name: string, state: string}[], jobId: string | null}} LibraryItem
 */

const MOST_LINKS = 3;
/** A card is 248 pixels wide or a little more, which finer screens draw with more dots. */
const PICTURE_PX = globalThis.devicePixelRatio > 1 ? 320 : 272;
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
    this.shot = make("a", { className: "shot" });
    this.image = make("img", { alt: "", width: 320, height: 180, hidden: true });
    this.length = make("span", { className: "length" });
    this.badge = make("span", { className: "badge" });
    this.name = make("a", { className: "name" });
    this.facts = make("p", { className: "muted facts" });
    this.state = make("p", { className: "state" });
    this.bar = make("progress", { max: 100 });
    this.links = make("div", { className: "row links" });
    this.deletion = make("button", { type: "button", className: "quiet small remove", textContent: "Delete" });
  }

  connectedCallback() {
    whenNear.observe(this);
    if (this.firstChild) return;
    this.className = "video-card";
    this.setAttribute("role", "listitem");
    // The name below is the same link, for those who hear the page.
    this.shot.tabIndex = -1;
    this.shot.ariaHidden = "true";
    this.shot.append(this.image, this.length, this.badge);
    const text = make("div", { className: "text" });
    const foot = make("div", { className: "row foot" });
    foot.append(this.links, this.deletion);
    text.append(this.name, this.facts, this.state, this.bar, foot);
    this.append(this.shot, text);
    this.deletion.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("delete-video", { bubbles: true, detail: this.#item }));
    });
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
    const percent = Number.parseInt(news.processingProgress ?? "", 10);
    if (!this.#item || Number.isNaN(percent)) return;
    this.#item.progress = percent;
    this.#tellState(this.#item);
  }

  /** @param {LibraryItem} item */
  show(item) {
    this.#item = item;
    this.shot.href = this.name.href = address(item);
    this.length.hidden = item.durationInSeconds === null;
    this.length.textContent = clock(item.durationInSeconds ?? 0);
    const isBare = item.redaction?.blurringKind === "BoundingBox";
    this.badge.hidden = !item.originalVideoId;
    this.badge.textContent = isBare ? "Nothing hidden" : "Redacted";
    this.badge.classList.toggle("bad", isBare);
    this.name.textContent = item.name;
    this.facts.textContent = facts(item).join(" · ");
    this.bar.ariaLabel = `Progress of ${item.name}`;
    this.deletion.ariaLabel = `Delete ${item.name}`;
    this.#tellState(item);
    arrangeRows(this.links, links(item));
    void this.#loadPicture(item);
  }

  /** @param {LibraryItem} item */
  #tellState(item) {
    const isUnderWay = UNDER_WAY.has(item.state);
    this.bar.hidden = !isUnderWay;
    this.bar.value = item.progress;
    this.state.hidden = !isUnderWay && item.state !== "Failed";
    this.state.textContent = isUnderWay ? stateWords(item) : item.failureMessage || "It failed.";
    this.state.classList.toggle("bad", item.state === "Failed");
  }

  /** @param {LibraryItem} item */
  async #loadPicture(item) {
    if (!this.#isNear || !item.thumbnailId || this.#pictureOf === item.thumbnailId) return;
    const wanted = item.thumbnailId;
    this.#pictureOf = wanted;
    const picture = await api.picture(`/Videos/${item.id}/Thumbnails/${wanted}`, { query: { maxSide: PICTURE_PX } }).catch(() => "");
    // Another one may be wanted by now.
    if (this.#pictureOf !== wanted) {
      URL.revokeObjectURL(picture);
      return;
    }
    if (!picture) {
      this.#pictureOf = "";
      return;
    }
    if (this.#picture) URL.revokeObjectURL(this.#picture);
    this.#picture = picture;
    this.image.src = picture;
    this.image.hidden = false;
  }
}

/** @param {LibraryItem} item */
function address(item) {
  return api.page(item.originalVideoId ? `/web/redactions/${item.id}` : `/web/videos/${item.id}`);
}

/** Where one gets from it: what was made of it, or what it was made of. @param {LibraryItem} item @returns {[string, () => HTMLElement][]} */
function links(item) {
  const made = item.redactions.filter((each) => each.state !== "Failed");
  const to = made.slice(0, MOST_LINKS).map(({ id, name }) => [`Redacted: ${name}`, `/web/redactions/${id}`]);
  const more = made.length - MOST_LINKS;
  if (more > 0) to.push([`and ${more} more`, `/web/videos/${item.id}`]);
  if (item.originalVideoId) to.push(["Original", `/web/videos/${item.originalVideoId}`]);
  return to.map(([words, page]) => [`${page} ${words}`, () => make("a", { textContent: words, href: api.page(page) })]);
}

/** @param {LibraryItem} item */
function facts(item) {
  const parts = [];
  if (item.facesCount !== null) parts.push(item.facesCount ? count(item.facesCount, "person", "people") : "no faces");
  if (item.redaction) parts.push(kindName(item.redaction.blurringKind));
  if (item.redaction?.kept.length) parts.push(`${item.redaction.kept.length} kept visible`);
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
