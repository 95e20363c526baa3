/** Two videos that are played as one: the first leads, the second follows. */

import { FrameClock } from "./review/clock.js";

const DRIFT_S = 0.04;
const JUMP_S = 0.4;
const MAX_NUDGE = 0.08;
/** Where nobody knows the frames of the original any more. */
const GUESSED_FRAME_S = 1 / 25;

export class Pair {
  /**
   * @param {HTMLVideoElement} leader the one that is heard and that tells the time
   * @param {HTMLVideoElement} follower
   */
  constructor(leader, follower) {
    this.leader = leader;
    this.follower = follower;
    /** @type {FrameClock[]} of both, once it is known when each frame begins */
    this.clocks = [];
    this.speed = 1;
    leader.addEventListener("play", () => void this.#each((video) => video.play().catch(() => undefined)));
    leader.addEventListener("pause", () => {
      follower.pause();
      follower.currentTime = leader.currentTime;
    });
    leader.addEventListener("ended", () => follower.pause());
    const tick = () => {
      this.#follow();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  get isPlaying() {
    return !this.leader.paused && !this.leader.ended;
  }

  get duration() {
    return Number.isFinite(this.leader.duration) ? this.leader.duration : 0;
  }

  async toggle() {
    if (this.isPlaying) this.leader.pause();
    else await this.leader.play().catch(() => undefined);
  }

  /** @param {number} seconds */
  seek(seconds) {
    const time = Math.min(Math.max(0, seconds), this.duration);
    this.#each((video) => {
      video.currentTime = time;
    });
  }

  /** Know when each frame begins: frames of phones and screens are not alike long. @param {import("./review/tracks.js").TrackStore} tracks of the original, loaded */
  learn(tracks) {
    this.clocks = [this.leader, this.follower].map((video) => new FrameClock(video, tracks));
    return this.clocks[0];
  }

  /** @param {number} frames forward, or back where it is less than 0 */
  step(frames) {
    this.leader.pause();
    const [clock] = this.clocks;
    if (clock) {
      const wanted = clock.frame + frames;
      for (const each of this.clocks) void each.seekFrame(wanted);
      return;
    }
    // To the middle of a frame: its first moment may be rounded into the one before.
    const current = Math.floor(this.leader.currentTime / GUESSED_FRAME_S + 1e-3);
    this.seek((current + frames + 0.5) * GUESSED_FRAME_S);
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.speed = speed;
    this.#each((video) => {
      video.playbackRate = speed;
    });
  }

  #follow() {
    const { leader, follower } = this;
    if (!this.isPlaying || follower.readyState < 2) return;
    const drift = follower.currentTime - leader.currentTime;
    if (Math.abs(drift) > JUMP_S) follower.currentTime = leader.currentTime;
    // A little faster or slower is not seen; a jump is.
    const nudge = Math.abs(drift) > DRIFT_S ? Math.max(-MAX_NUDGE, Math.min(MAX_NUDGE, drift)) : 0;
    follower.playbackRate = this.speed * (1 - nudge);
  }

  /** @param {(video: HTMLVideoElement) => unknown} act */
  #each(act) {
    act(this.leader);
    if (this.follower.src) act(this.follower);
  }
}
