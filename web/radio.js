// radio.js — the same music through an <audio> element, as plain HTTP: for phones, which stop worklets as soon as the screen
// goes dark, and for pages that are not secure, where browsers have none.
//
// The sound lies a few seconds behind the hand here: a piece of one's own that is turned is asked for anew from where it
// stands. One element is kept for good, since phones let an element play by itself only if a finger started it once.
//
// Events: 'state' (as of connection.js), 'filling' (detail: whether it waits for sound), 'stopped' (the system paused it).

import { RATE, whyNoSound } from './player.js';

const FORMATS = [['opus', 'audio/ogg; codecs=opus'], ['mp3', 'audio/mpeg'], ['wav', 'audio/wav']];
const FADE_MS = 300, STEP_MS = 30, LONGEST_WAIT = 16;

export function prefersRadio() {
  const phone = navigator.userAgentData?.mobile || /Android|iPhone|iPad|Mobile/.test(navigator.userAgent) ||
    (/Mac/.test(navigator.platform) && navigator.maxTouchPoints > 1); // an iPad that calls itself a Mac
  return Boolean(phone) || whyNoSound() !== null;
}

export class Radio extends EventTarget {
  constructor() {
    super();
    this.audio = new Audio();
    this.formats = FORMATS.filter(([, type]) => this.audio.canPlayType(type)).map(([name]) => name);
    this.address = null; // (format, frame) → where the music is; null while nothing is wanted
    this.from = 0; // the frame that the answer at hand began with
    this.volume = this.gain = 1;
    this.failures = 0;
    const on = (type, handle) => this.audio.addEventListener(type, () => this.address && !this.switching && handle());
    on('playing', () => this.#playing());
    on('waiting', () => this.#emit('filling', true));
    on('error', () => this.#lost());
    on('ended', () => this.#lost());
    on('pause', () => { if (!this.audio.ended && !this.audio.error) this.#paused(); });
  }

  get playable() { return this.formats.length > 0; }

  // The frame that is heard.
  get frame() { return this.from + Math.floor((this.audio.currentTime || 0) * RATE); }

  // Plays from a frame on. Within a press of a key or button when it is the first time.
  play(address, frame) {
    this.address = address;
    this.failures = 0;
    return this.#load(frame);
  }

  // The address has other music now: fades over to it, at the frame that is heard or at another one.
  async retune(frame) {
    clearTimeout(this.again);
    await this.#fadeTo(0);
    if (this.address) await this.#load(frame ?? this.frame);
  }

  // Fades out; returns the next frame.
  async stop() {
    clearTimeout(this.again);
    const { frame } = this;
    await this.#fadeTo(0);
    this.address = null;
    this.audio.removeAttribute('src');
    this.audio.load(); // lets go of the connection
    this.#emit('state', 'closed');
    this.#emit('filling', false);
    return frame;
  }

  // 0 to 1; phones of one maker keep the volume to themselves and go on as loud as before.
  setVolume(volume) {
    this.volume = volume;
    this.#apply();
  }

  async #load(frame) {
    this.from = frame;
    this.gain = 0;
    this.#apply();
    this.switching = true; // setting a source pauses first
    this.audio.src = this.address(this.formats[0], frame);
    const started = this.audio.play();
    this.switching = false;
    this.#emit('state', this.failures ? 'waiting' : 'connecting');
    this.#emit('filling', true);
    try {
      await started;
    } catch (error) {
      if (error.name === 'NotAllowedError') throw new Error('The browser does not allow sound yet. Press the circle again.');
    }
  }

  #playing() {
    this.failures = 0;
    this.#emit('state', 'open');
    this.#emit('filling', false);
    this.#fadeTo(1);
  }

  // The server is gone, or has no such format: the next format, or the same again after a while.
  #lost() {
    const { frame } = this, unknown = this.audio.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED;
    if (unknown && this.failures === 0 && this.formats.length > 1 && frame === this.from) this.formats.push(this.formats.shift());
    const wait = Math.min(LONGEST_WAIT, 2 ** this.failures++ / 2) * (0.8 + 0.4 * Math.random());
    this.#emit('state', 'waiting');
    clearTimeout(this.again);
    this.again = setTimeout(() => { if (this.address) this.#load(frame).catch(() => this.#paused()); }, wait * 1000);
  }

  #paused() {
    clearTimeout(this.again);
    this.#emit('stopped');
  }

  #apply() { this.audio.volume = Math.max(0, Math.min(1, this.volume * this.gain)); }

  #fadeTo(gain) {
    clearInterval(this.fade);
    const step = STEP_MS / FADE_MS * Math.sign(gain - this.gain);
    return new Promise((resolve) => {
      this.fade = setInterval(() => {
        this.gain = step > 0 ? Math.min(gain, this.gain + step) : Math.max(gain, this.gain + step);
        this.#apply();
        if (this.gain !== gain && step !== 0) return;
        clearInterval(this.fade);
        resolve();
      }, STEP_MS);
    });
  }

  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}
