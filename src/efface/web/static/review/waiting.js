/** Until a video is analysed there is nothing to review: its progress stands in. */

import { ApiError } from "../api.js";
import { watch } from "../events.js";
import { part } from "../elements.js";

/**
 * @param {import("../api.js").ApiClient} api @param {string} videoId @param {HTMLElement} root
 * @returns {Promise<void>} when the video can be reviewed
 * @throws with the sentence for people when it never will be
 */
export async function waitUntilAnalysed(api, videoId, root) {
  const first = await api.get(`/Library/${videoId}`);
  if (isOver(first)) return;
  const card = part(root, "#waiting", HTMLElement);
  const workspace = part(root, "#workspace", HTMLElement);
  /** @param {any} video */
  const show = (video) => {
    const percent = parseInt(String(video.progress ?? video.processingProgress ?? 0), 10) || 0;
    part(root, "#waiting-text", HTMLElement).textContent = `Faces are being found: ${percent} %. You can leave this page; it goes on.`;
    part(root, "#waiting-bar", HTMLProgressElement).value = percent;
  };
  card.hidden = false;
  workspace.hidden = true;
  show(first);
  await new Promise((resolve, reject) => {
    const look = async () => {
      try {
        const video = await api.get(`/Library/${videoId}`);
        show(video);
        if (!isOver(video)) return;
        stop();
        resolve(undefined);
      } catch (error) {
        // Only its own end ends the waiting: a service that restarts goes on with the analysis, and is asked again.
        if (error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500)) return;
        stop();
        reject(error);
      }
    };
    const stop = watch(api, {
      onVideo: (news) => {
        if (news.id !== videoId) return;
        if (news.state === "Processed" || news.state === "Failed") void look();
        else show(news);
      },
      onPoll: () => void look(),
    });
  });
  card.hidden = true;
  workspace.hidden = false;
}

/** @param {any} video @throws when its analysis has failed */
function isOver(video) {
  if (video.state === "Failed") throw new Error(video.failureMessage || "This video could not be analysed: delete it in the library and try another file.");
  return video.state === "Processed";
}
