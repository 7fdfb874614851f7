// sleep.js — the sleep timer: after so many minutes the music fades, slowly, and stops.
//
// Works on either way of playing; a page in the background is called once a second, which is often enough.

const FADE_SECONDS = 60, STEP_MS = 500;

export class SleepTimer extends EventTarget {
  constructor(session) {
    super();
    this.session = session;
    this.end = null; // of the fade, in performance.now(); null while off
  }

  // From now; 0 turns it off. The fade is the end of that time.
  set(minutes, fadeSeconds = FADE_SECONDS) {
    clearInterval(this.timer);
    this.session.setVolume(1);
    this.end = minutes > 0 ? performance.now() + minutes * 60000 : null;
    this.fade = Math.min(fadeSeconds, minutes * 60) * 1000;
    if (this.end !== null) this.timer = setInterval(() => this.#step(), STEP_MS);
    this.dispatchEvent(new Event('change'));
  }

  get secondsLeft() { return this.end === null ? null : Math.max(0, (this.end - performance.now()) / 1000); }

  async #step() {
    const left = this.end - performance.now();
    if (left > this.fade) return;
    if (left > 0) return this.session.setVolume(Math.sin(left / this.fade * Math.PI / 2) ** 2);
    clearInterval(this.timer);
    this.end = null;
    await this.session.pause();
    this.session.setVolume(1);
    this.dispatchEvent(new Event('change'));
  }
}
