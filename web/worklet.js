// worklet.js — the part of the player that runs on the audio thread.
//
// It takes the messages of the stream as they are, keeps them in a ring and plays them at the card's rate. Its loudness is a
// ramp between silence and full: it goes down before the ring can run out, on pause, and up again when there is enough. So
// an interruption is a breath, never a click. Ten times a second it reports what it sees.

import { readHeader, readSamples } from './packet.js';
import { Ring } from './ring.js';
import { Resampler } from './resampler.js';
import { Drift } from './drift.js';

const SOURCE_RATE = 48000;
const RAMP_SECONDS = 0.02;

class Auralis extends AudioWorkletProcessor {
  constructor() {
    super();
    this.ring = new Ring();
    this.resampler = new Resampler(SOURCE_RATE, sampleRate);
    this.drift = new Drift();
    this.rampStep = 1 / (RAMP_SECONDS * sampleRate);
    this.rampFrames = Math.ceil(RAMP_SECONDS * SOURCE_RATE);
    this.wanted = false; // play, or pause
    this.filling = true; // waiting for enough to begin with
    this.begin = SOURCE_RATE / 10; // frames that are enough
    this.target = SOURCE_RATE; // frames the server aims to keep here
    this.gain = 0;
    this.underruns = 0;
    this.sinceReport = 0;
    this.capture = null;
    this.port.onmessage = ({ data }) => this.#receive(data);
  }

  #receive(data) {
    if (data instanceof ArrayBuffer) return this.#append(data);
    if (data.type === 'play') this.wanted = true;
    if (data.type === 'pause') this.#pause();
    if (data.type === 'depth') ({ begin: this.begin, target: this.target } = data);
    if (data.type === 'clear') this.#clear();
    if (data.type === 'capture') this.capture = { left: data.frames, parts: [], frame: null };
  }

  #append(buffer) {
    const header = readHeader(buffer);
    if (header) this.ring.append(readSamples(buffer, header.format), header.frame, header.anew, header.faded);
  }

  #pause() {
    this.wanted = false;
    if (this.gain === 0) this.#report();
  }

  #clear() {
    this.ring.clear();
    this.drift.reset();
    this.resampler.correction = this.resampler.fraction = 0;
    this.filling = true;
    this.gain = 0;
  }

  process(inputs, [output]) {
    const left = output[0], right = output[1] ?? output[0], frames = left.length;
    const sounding = this.#direction(frames);
    if (sounding || this.gain > 0) {
      this.resampler.render(this.ring, left, right);
      this.#ramp(left, right, sounding);
    }
    if (this.capture) this.#keep(left, right);
    this.sinceReport += frames;
    if (this.sinceReport >= sampleRate / 10) this.#report();
    return true;
  }

  // Whether to be (or become) audible for the next frames.
  #direction(frames) {
    const depth = this.ring.depth, least = this.resampler.reach(frames) * 2 + this.rampFrames;
    if (this.filling && depth >= Math.max(this.begin, 2 * least)) {
      this.filling = false;
      if (this.ring.frameAt(this.ring.read) === 0) this.gain = 1; // a piece begins as it begins
    } else if (!this.filling && depth < least) {
      this.filling = true;
      if (this.wanted) this.underruns++;
    }
    return this.wanted && !this.filling;
  }

  #ramp(left, right, up) {
    if (up && this.gain === 1) return;
    const step = up ? this.rampStep : -this.rampStep;
    for (let i = 0; i < left.length; i++) {
      const shape = this.gain * this.gain * (3 - 2 * this.gain); // no corner at either end
      left[i] *= shape;
      right[i] *= shape;
      this.gain = Math.min(1, Math.max(0, this.gain + step));
    }
    if (this.gain === 0) this.#report();
  }

  #report() {
    this.sinceReport = 0;
    const { depth, read } = this.ring;
    if (this.gain === 1) this.resampler.correction = this.drift.update(depth, this.target);
    this.port.postMessage({
      type: 'report', time: currentTime, depth, frame: this.ring.frameAt(read), audible: this.gain > 0, filling: this.filling,
      underruns: this.underruns, correction: this.resampler.correction, exact: this.resampler.exact,
    });
  }

  // For measuring: what leaves this node, from the next sample on.
  #keep(left, right) {
    const { capture } = this;
    capture.parts.push(left.slice(), right.slice());
    capture.left -= left.length;
    if (capture.left > 0) return;
    this.port.postMessage({ type: 'captured', parts: capture.parts });
    this.capture = null;
  }
}

registerProcessor('auralis', Auralis);
