import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const memory = new Map();
globalThis.document ??= { querySelector: () => null };
globalThis.location ??= { origin: "http://video.test", href: "http://video.test/web/library", pathname: "/web/library" };
globalThis.localStorage = {
  getItem: (key) => memory.get(key) ?? null,
  setItem: (key, value) => memory.set(key, value),
  removeItem: (key) => memory.delete(key),
};

const { ApiError } = await import("../../src/efface/web/static/api.js");
const { Upload, UploadQueue, metadata } = await import("../../src/efface/web/static/upload.js");

/** A service that takes uploads, and connections that break where a test says. */
class Service {
  constructor() {
    this.size = 0;
    this.received = 0;
    this.made = 0;
    /** Bytes that each PATCH lets through, the last for all that follow. */
    this.breaks = [Infinity];
    this.deleted = [];
    this.refusal = null;
    this.isForgotten = false;
  }

  async url(path) {
    return `http://video.test/a${path}`;
  }

  async token() {
    return "token";
  }

  async send(method, path, { headers = {} } = {}) {
    if (this.refusal) throw this.refusal;
    if (method === "POST") {
      this.made++;
      this.size = Number(headers["Upload-Length"]);
      this.received = 0;
      this.isForgotten = false;
      return answer({ Location: `http://video.test/a/Uploads/u${this.made}` });
    }
    if (method === "DELETE") {
      this.deleted.push(path);
      return answer({});
    }
    if (this.isForgotten) throw new ApiError(404, "NOT_FOUND", "There is no such upload.");
    const done = this.received === this.size ? { "X-Video-Id": "0123456789" } : {};
    return answer({ "Upload-Offset": String(this.received), ...done });
  }
}

const answer = (headers) => ({ headers: new Headers(headers) });

/** @param {Service} service */
function wire(service) {
  globalThis.XMLHttpRequest = class {
    constructor() {
      this.upload = new EventTarget();
      this.events = new EventTarget();
      this.headers = {};
      this.responseText = "";
    }
    open(method, url) { this.target = `${method} ${url}`; }
    setRequestHeader(name, value) { this.headers[name] = value; }
    addEventListener(kind, listener) { this.events.addEventListener(kind, listener); }
    getResponseHeader(name) { return name === "X-Video-Id" && service.received === service.size ? "0123456789" : null; }
    abort() { queueMicrotask(() => this.events.dispatchEvent(new Event("abort"))); }
    send(blob) {
      assert.equal(Number(this.headers["Upload-Offset"]), service.received);
      const most = service.breaks.length > 1 ? service.breaks.shift() : service.breaks[0];
      if (most === "hang") return;
      queueMicrotask(() => {
        const taken = Math.min(blob.size, most);
        service.received += taken;
        this.upload.dispatchEvent(Object.assign(new Event("progress"), { loaded: taken }));
        this.status = 204;
        this.events.dispatchEvent(new Event(taken < blob.size ? "error" : "load"));
      });
    }
  };
}

function file(size = 1000) {
  return Object.assign(new Blob([new Uint8Array(size)]), { name: "Gärten.mp4", lastModified: 5 });
}

function states(upload) {
  const seen = [];
  upload.addEventListener("change", () => { if (seen.at(-1) !== upload.state) seen.push(upload.state); });
  return seen;
}

beforeEach(() => {
  memory.clear();
  // Waiting between attempts takes no time here.
  globalThis.setTimeout = /** @type {any} */ ((act) => setImmediate(act));
});

test("a file arrives whole and its video is named", async () => {
  const service = new Service();
  wire(service);
  const upload = new Upload(service, file());
  const seen = states(upload);
  await upload.run();
  assert.deepEqual(seen, ["sending", "done"]);
  assert.deepEqual([upload.videoId, upload.sent, service.received], ["0123456789", 1000, 1000]);
  assert.equal(memory.size, 0);
});

test("a connection that breaks costs no byte twice", async () => {
  const service = new Service();
  service.breaks = [300, 0, 200, Infinity];
  wire(service);
  const upload = new Upload(service, file());
  const seen = states(upload);
  await upload.run();
  assert.deepEqual([upload.state, service.received, service.made], ["done", 1000, 1]);
  assert.equal(seen.filter((state) => state === "interrupted").length, 3);
});

test("the same file goes on where it was after the page was closed", async () => {
  const service = new Service();
  service.breaks = [400, "hang"];
  wire(service);
  const closed = new Upload(service, file());
  void closed.run();
  while (service.received < 400 || service.breaks[0] !== "hang") await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  service.breaks = [Infinity];
  const upload = new Upload(service, file());
  await upload.run();
  assert.deepEqual([upload.state, service.made, service.received], ["done", 1, 1000]);
});

test("an upload that the service has forgotten begins anew", async () => {
  const service = new Service();
  wire(service);
  memory.set("efface-upload:Gärten.mp4:1000:5", "/Uploads/gone");
  service.isForgotten = true;
  const upload = new Upload(service, file());
  await upload.run();
  assert.deepEqual([upload.state, service.made], ["done", 1]);
});

test("a refusal is told and not tried again", async () => {
  const service = new Service();
  service.refusal = new ApiError(413, "INPUT_FILE_SIZE_LIMIT_EXCEEDED", "The file is too large.");
  wire(service);
  const upload = new Upload(service, file());
  await upload.run();
  assert.deepEqual([upload.state, upload.problem], ["failed", "The file is too large."]);
});

test("an empty file is told without asking the service", async () => {
  const service = new Service();
  const empty = new File([], "empty.mp4");
  const upload = new Upload(/** @type {any} */ (service), empty);
  await upload.run();
  assert.deepEqual([upload.state, upload.problem, service.made], ["failed", "This file is empty: choose another.", 0]);
});

test("an upload that is cancelled is forgotten on both sides", async () => {
  const service = new Service();
  service.breaks = ["hang"];
  wire(service);
  const upload = new Upload(service, file());
  const running = upload.run();
  while (upload.state !== "sending") await new Promise((resolve) => setImmediate(resolve));
  await upload.cancel();
  await running;
  assert.deepEqual([upload.state, service.deleted, memory.size], ["cancelled", ["/Uploads/u1"], 0]);
});

test("files are sent one after the other", async () => {
  const service = new Service();
  wire(service);
  const queue = new UploadQueue();
  const uploads = [new Upload(service, file()), new Upload(service, file(10))];
  const order = [];
  uploads.forEach((upload, i) => upload.addEventListener("change", () => order.push(`${i} ${upload.state}`)));
  await Promise.all(uploads.map((upload) => queue.add(upload)));
  assert.ok(order.indexOf("0 done") < order.indexOf("1 sending"));
});

test("names with accents are put into a header as tus has them", () => {
  assert.equal(metadata({ filename: "Gärten.mp4", filetype: "" }), "filename R8OkcnRlbi5tcDQ=");
});
