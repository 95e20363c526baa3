/** Uploads that go on after a lost connection (tus 1.0.0), one after the other. */

import { ApiError, pause } from "./api.js";

const TUS = { "Tus-Resumable": "1.0.0" };
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 20_000;
const MEMORY = "efface-upload:";

/**
 * @typedef {"waiting" | "sending" | "interrupted" | "done" | "failed" | "cancelled"} UploadState
 */

/** One file on its way. Fires "change" whenever its state or progress changes. */
export class Upload extends EventTarget {
  /** @type {UploadState} */
  state = "waiting";
  sent = 0;
  /** Why it failed. */
  problem = "";
  /** Of the video, when it is done. */
  videoId = "";
  #control = new AbortController();
  /** @type {string | null} */
  #address = null;

  /** @param {import("./api.js").ApiClient} api @param {File} file */
  constructor(api, file) {
    super();
    this.api = api;
    this.file = file;
  }

  get name() {
    return this.file.name;
  }

  get isOver() {
    return this.state === "done" || this.state === "failed" || this.state === "cancelled";
  }

  /** Send the file, however often the connection breaks. Never throws. */
  async run() {
    if (this.isOver) return;
    try {
      await this.#send();
    } catch (error) {
      if (this.state !== "cancelled") this.#become("failed", error instanceof Error ? error.message : String(error));
    }
  }

  /** Give up, and have the service forget what it has. */
  async cancel() {
    if (this.isOver) return;
    this.#become("cancelled");
    this.#control.abort();
    this.#forget();
    if (this.#address) {
      await this.api.send("DELETE", this.#address, { headers: TUS }).catch(() => undefined);
    }
  }

  async #send() {
    let wait = FIRST_WAIT_MS;
    let before = -1;
    while (this.state !== "cancelled") {
      try {
        const offset = await this.#begin();
        if (this.videoId) break;
        if (offset > before) wait = FIRST_WAIT_MS;
        before = offset;
        this.#become("sending");
        await this.#sendFrom(offset);
        break;
      } catch (error) {
        if (this.#control.signal.aborted) return;
        if (!mayPass(error)) throw error;
        this.#become("interrupted");
        await pause(wait);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      }
    }
    if (this.state === "cancelled") return;
    this.#forget();
    this.sent = this.file.size;
    this.#become("done");
  }

  /** How much the service has; the upload is made there where it is new. @returns {Promise<number>} */
  async #begin() {
    this.#address ??= localStorage.getItem(this.#memoryKey);
    if (this.#address) {
      try {
        const answer = await this.api.send("HEAD", this.#address, { headers: TUS, signal: this.#control.signal });
        this.videoId = answer.headers.get("X-Video-Id") ?? "";
        return Number(answer.headers.get("Upload-Offset"));
      } catch (error) {
        // Expired, or of another account: begin anew.
        if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 410)) throw error;
        this.#forget();
        this.#address = null;
      }
    }
    if (this.file.size === 0) throw new ApiError(400, "INPUT_FILE_EMPTY", "This file is empty: choose another.");
    const words = { filename: this.file.name, filetype: this.file.type };
    const answer = await this.api.send("POST", "/Uploads", {
      headers: { ...TUS, "Upload-Length": String(this.file.size), "Upload-Metadata": metadata(words) },
      signal: this.#control.signal,
    });
    this.videoId = answer.headers.get("X-Video-Id") ?? "";
    const made = new URL(answer.headers.get("Location") ?? "", location.href).pathname;
    this.#address = made.slice(made.lastIndexOf("/Uploads/"));
    localStorage.setItem(this.#memoryKey, this.#address);
    return 0;
  }

  /** @param {number} offset */
  async #sendFrom(offset) {
    const url = await this.api.url(/** @type {string} */ (this.#address));
    const token = await this.api.token();
    const request = new XMLHttpRequest();
    // fetch tells no progress of what it sends.
    await new Promise((resolve, reject) => {
      const abort = () => request.abort();
      this.#control.signal.addEventListener("abort", abort, { once: true });
      request.open("PATCH", url);
      request.setRequestHeader("Authorization", `Bearer ${token}`);
      request.setRequestHeader("X-Efface-Web", "1");
      request.setRequestHeader("Tus-Resumable", TUS["Tus-Resumable"]);
      request.setRequestHeader("Upload-Offset", String(offset));
      request.setRequestHeader("Content-Type", "application/offset+octet-stream");
      request.upload.addEventListener("progress", (event) => {
        this.sent = offset + event.loaded;
        this.#changed();
      });
      request.addEventListener("load", () => {
        this.#control.signal.removeEventListener("abort", abort);
        if (request.status >= 200 && request.status < 300) resolve(undefined);
        else reject(refusalOf(request));
      });
      for (const kind of ["error", "abort", "timeout"]) {
        request.addEventListener(kind, () => reject(new ApiError(0, "UNREACHABLE", "The connection was lost.")));
      }
      request.send(this.file.slice(offset));
    });
    this.videoId = request.getResponseHeader("X-Video-Id") ?? "";
  }

  /** The same file, chosen again after the page was closed, goes on where it was. */
  get #memoryKey() {
    return `${MEMORY}${this.file.name}:${this.file.size}:${this.file.lastModified}`;
  }

  #forget() {
    localStorage.removeItem(this.#memoryKey);
  }

  /** @param {UploadState} state @param {string} [problem] */
  #become(state, problem = "") {
    this.state = state;
    this.problem = problem;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Several files, one at a time, so that the first is there soonest. */
export class UploadQueue {
  /** @type {Promise<void>} */
  #last = Promise.resolve();

  /** @param {Upload} upload @returns {Promise<void>} when it has ended, well or not */
  add(upload) {
    this.#last = this.#last.then(() => upload.run());
    return this.#last;
  }
}

/** Text pairs as tus has them in a header. @param {Record<string, string>} pairs */
export function metadata(pairs) {
  return Object.entries(pairs)
    .filter(([, value]) => value)
    .map(([key, value]) => `${key} ${base64(value)}`)
    .join(",");
}

/** @param {string} text */
function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** Whether trying again may help. @param {unknown} error */
function mayPass(error) {
  if (!(error instanceof ApiError)) return false;
  // A full disk waits for somebody to make room; the file goes on when it is chosen again.
  if (error.status === 507) return false;
  return error.status === 0 || error.status >= 500 || [401, 408, 409, 423, 429].includes(error.status);
}

/** @param {XMLHttpRequest} request */
function refusalOf(request) {
  let body = { ErrorType: "GENERAL", Message: `The service answered ${request.status}.` };
  try {
    body = { ...body, ...JSON.parse(request.responseText) };
  } catch {
    // No JSON: the sentence above has to do.
  }
  return new ApiError(request.status, body.ErrorType, body.Message);
}
