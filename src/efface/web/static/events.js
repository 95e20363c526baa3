/** Live news of videos and jobs: server-sent events, and polling where they do not get through. */

import { pause } from "./api.js";

const RETRY_MS = 2000;
const SILENCE_MS = 40_000;
const POLL_MS = 2500;
const TRIES_BEFORE_POLLING = 2;

/**
 * @typedef {{id: string, state: string, processingProgress?: string, failureMessage?: string}} VideoNews
 * @typedef {{id: string, jobType: string, state: string, progress: number, videoId: string, outputId?: string, error?: string}} JobNews
 * @typedef {{onVideo?: (news: VideoNews) => void, onJob?: (news: JobNews) => void, onPoll?: () => void}} Listener
 */

/**
 * Hear of every change until told to stop. While events do not get through, `onPoll` is called instead every 2.5 s, and
 * once when they do again, since what has ended a while ago is told to nobody who comes later: look then how things are.
 * @param {import("./api.js").ApiClient} api
 * @param {Listener} listener
 * @returns {() => void} stops listening
 */
export function watch(api, listener) {
  const control = new AbortController();
  void listen(api, listener, control.signal);
  return () => control.abort();
}

/** @param {import("./api.js").ApiClient} api @param {Listener} listener @param {AbortSignal} signal */
async function listen(api, listener, signal) {
  let failures = 0;
  let isCutOff = false;
  const heard = () => {
    failures = 0;
    if (isCutOff) listener.onPoll?.();
    isCutOff = false;
  };
  while (!signal.aborted) {
    try {
      await readEvents(api, listener, signal, heard);
    } catch {
      // Told below, by polling.
    }
    if (signal.aborted) return;
    isCutOff = true;
    failures++;
    if (failures >= TRIES_BEFORE_POLLING) {
      listener.onPoll?.();
      await pause(POLL_MS);
    } else {
      await pause(RETRY_MS);
    }
  }
}

/**
 * @param {import("./api.js").ApiClient} api @param {Listener} listener @param {AbortSignal} signal
 * @param {() => void} onHeard
 */
async function readEvents(api, listener, signal, onHeard) {
  // A connection that died without a word would be waited for for ever.
  const connection = new AbortController();
  const end = () => connection.abort();
  signal.addEventListener("abort", end, { once: true });
  let watchdog = setTimeout(end, SILENCE_MS);
  try {
    const answer = await api.send("GET", "/Events", { headers: { Accept: "text/event-stream" }, signal: connection.signal });
    const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(end, SILENCE_MS);
      onHeard();
      const events = (text + decoder.decode(value, { stream: true })).replaceAll("\r\n", "\n").split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) tellListener(event, listener);
    }
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener("abort", end);
  }
}

/** @param {string} event one event as it was sent @param {Listener} listener */
export function tellListener(event, listener) {
  let name = "message";
  const data = [];
  for (const line of event.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
  }
  if (data.length === 0) return;
  const news = JSON.parse(data.join("\n"));
  if (name === "video") listener.onVideo?.(news);
  else if (name === "job") listener.onJob?.(news);
}
