/** One upload in the list: name, progress, cancel. */

import { api } from "./api.js";
import { fileSize } from "./words.js";

export class UploadRow extends HTMLElement {
  /** @param {import("./upload.js").Upload} upload */
  constructor(upload) {
    super();
    this.upload = upload;
    this.className = "upload-row";
    this.setAttribute("role", "listitem");
    this.name = document.createElement("span");
    this.name.className = "name";
    this.name.textContent = upload.name;
    this.words = document.createElement("span");
    this.words.className = "muted";
    this.bar = document.createElement("progress");
    this.bar.max = Math.max(1, upload.file.size);
    this.bar.setAttribute("aria-label", `Upload of ${upload.name}`);
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "quiet small";
    this.button.addEventListener("click", () => this.#press());
    this.append(this.name, this.words, this.bar, this.button);
    upload.addEventListener("change", () => this.#show());
    this.#show();
  }

  #press() {
    if (this.upload.isOver) this.remove();
    else void this.upload.cancel();
  }

  #show() {
    const { upload } = this;
    this.bar.value = upload.sent;
    this.bar.hidden = upload.isOver;
    this.classList.toggle("bad", upload.state === "failed");
    this.button.textContent = upload.isOver ? "Close" : "Cancel";
    this.button.setAttribute("aria-label", `${this.button.textContent} ${upload.name}`);
    this.words.replaceChildren(this.#state());
  }

  /** @returns {Node | string} */
  #state() {
    const { upload } = this;
    const percent = Math.floor((100 * upload.sent) / Math.max(1, upload.file.size));
    switch (upload.state) {
      case "waiting":
        return `${fileSize(upload.file.size)}, waiting`;
      case "sending":
        return `${percent} % of ${fileSize(upload.file.size)}`;
      case "interrupted":
        return `Connection lost at ${percent} %. It goes on by itself.`;
      case "cancelled":
        return "Cancelled";
      case "failed":
        return upload.problem;
      default: {
        const link = document.createElement("a");
        link.href = api.page(`/web/videos/${upload.videoId}`);
        link.textContent = "Uploaded";
        return link;
      }
    }
  }
}

customElements.define("upload-row", UploadRow);
