/** The service's public API, as a page calls it: with the session's token, renewed in time. */

/** @typedef {{id: string, name: string, location: string}} Account */
/** @typedef {Record<string, string | number | boolean | null | undefined | string[]>} Query */
/** @typedef {{query?: Query, headers?: Record<string, string>, body?: BodyInit | null, signal?: AbortSignal}} SendOptions */

const BASE = document.querySelector('meta[name="efface-base"]')?.getAttribute("content") ?? "";
const MARK = { "X-Efface-Web": "1" };
const RENEW_BEFORE_MS = 120_000;
const NETWORK_TRIES = 3;

/** A refusal of the service, with its sentence for people. */
export class ApiError extends Error {
  /** @param {number} status @param {string} type @param {string} message */
  constructor(status, type, message) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.type = type;
  }
}

/** The page's way to the service. */
export class ApiClient {
  /** @type {Promise<{account: Account, accessToken: string, ends: number}> | null} */
  #session = null;

  /** Address of a page or file of ours. @param {string} path beginning with a slash */
  page(path) {
    return BASE + path;
  }

  /** The account that somebody is signed in to. @returns {Promise<Account>} */
  async account() {
    return (await this.#opened()).account;
  }

  /** A token for the account. @returns {Promise<string>} */
  async token() {
    return (await this.#opened()).accessToken;
  }

  /**
   * The address of something of the account.
   * @param {string} path beginning with a slash, "" for the account itself
   * @param {Query} [query]
   * @returns {Promise<string>}
   */
  async url(path, query = {}) {
    const { account } = await this.#opened();
    const url = new URL(`${BASE}/${account.location}/Accounts/${account.id}${path}`, location.origin);
    for (const [name, value] of Object.entries(query)) {
      if (Array.isArray(value)) value.forEach((each) => url.searchParams.append(name, each));
      else if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  /**
   * Fetch JSON.
   * @param {string} path @param {SendOptions} [options]
   * @returns {Promise<any>}
   */
  async get(path, options = {}) {
    return (await this.send("GET", path, options)).json();
  }

  /**
   * Send JSON, and read what comes back if it is JSON.
   * @param {string} method @param {string} path @param {unknown} body @param {SendOptions} [options]
   * @returns {Promise<any>}
   */
  async json(method, path, body, options = {}) {
    const headers = { "Content-Type": "application/json", ...options.headers };
    const answer = await this.send(method, path, { ...options, headers, body: JSON.stringify(body) });
    return answer.headers.get("Content-Type")?.includes("json") ? answer.json() : null;
  }

  /**
   * Send a request; a refusal is thrown. Reads are tried again while the service restarts.
   * @param {string} method @param {string} path @param {SendOptions} [options]
   * @returns {Promise<Response>}
   */
  async send(method, path, options = {}) {
    for (let attempt = 1; ; attempt++) {
      const token = await this.token();
      const headers = { ...MARK, Authorization: `Bearer ${token}`, ...options.headers };
      const url = await this.url(path, options.query);
      let answer;
      try {
        answer = await fetch(url, { method, headers, body: options.body ?? null, signal: options.signal ?? null, cache: "no-store" });
      } catch (error) {
        if (options.signal?.aborted) throw error;
        if (method !== "GET" || attempt >= NETWORK_TRIES) throw unreachable();
        await pause(500 * attempt);
        continue;
      }
      if (answer.ok) return answer;
      if (answer.status === 401 && attempt === 1) {
        this.#session = null;
        continue;
      }
      if ((answer.status === 429 || answer.status === 504) && method === "GET" && attempt < NETWORK_TRIES) {
        await pause(1000 * Math.min(5, Number(answer.headers.get("Retry-After")) || 1));
        continue;
      }
      throw await refusal(answer);
    }
  }

  /**
   * A picture behind a token, as an address for an img. Give it back by URL.revokeObjectURL.
   * @param {string} path @param {SendOptions & {method?: string}} [options]
   * @returns {Promise<string>}
   */
  async picture(path, options = {}) {
    const answer = await this.send(options.method ?? "GET", path, options);
    return URL.createObjectURL(await answer.blob());
  }

  /**
   * A fresh link to a video's file that media elements and downloads can open without a header.
   * @param {string} videoId @returns {Promise<string>}
   */
  async fileLink(videoId) {
    const link = new URL(await this.get(`/Videos/${videoId}/SourceFile/DownloadUrl`));
    // The service may call itself by another name than the one this browser reaches it by.
    return BASE + link.pathname.slice(link.pathname.indexOf("/files/")) + link.search;
  }

  async #opened() {
    const session = this.#session && (await this.#session.catch(() => null));
    if (!session || session.ends - Date.now() < RENEW_BEFORE_MS) this.#session = openSession();
    return /** @type {Promise<{account: Account, accessToken: string, ends: number}>} */ (this.#session);
  }
}

async function openSession() {
  let answer;
  for (let attempt = 1; ; attempt++) {
    try {
      answer = await fetch(`${BASE}/web/session`, { headers: MARK, cache: "no-store" });
      break;
    } catch {
      if (attempt >= NETWORK_TRIES) throw unreachable();
      await pause(500 * attempt);
    }
  }
  if (answer.status === 401) {
    toSignIn();
    throw new ApiError(401, "USER_NOT_AUTHENTICATED", "You are signed out: sign in again.");
  }
  if (!answer.ok) throw await refusal(answer);
  const { account, accessToken, expiresIn } = await answer.json();
  return { account, accessToken, ends: Date.now() + expiresIn * 1000 };
}

/** To the form, and back here from there. */
export function toSignIn() {
  const here = location.pathname.slice(BASE.length);
  location.assign(`${BASE}/web/sign-in?next=${encodeURIComponent(here)}`);
}

/** @param {Response} answer */
async function refusal(answer) {
  const body = await answer.json().catch(() => ({}));
  return new ApiError(
    answer.status,
    body.ErrorType ?? "GENERAL",
    body.Message ?? body.message ?? `The service answered ${answer.status}: try again in a moment.`,
  );
}

function unreachable() {
  return new ApiError(0, "UNREACHABLE", "The service cannot be reached: see whether it runs, then try again.");
}

/** @param {number} ms @returns {Promise<void>} */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export const api = new ApiClient();
