// player.js — sound on the page's side: the audio context, the worklet, and how deep the buffer is.
//
// Events: 'report' (what the worklet sees, ten times a second), 'failed' (detail says why there is no sound any more). The depth
// is the server's affair (its tier is how far ahead it sends); the player decides how much must be there before it begins,
// and learns that from the jitter it meets.

export const RATE = 48000;

const BEGIN = 0.4; // seconds that are enough on a quiet line: the first burst brings them at once
const PATIENCE_MS = 3000; // with the browser's own audio

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function whyNoSound() {
  if (!window.isSecureContext)
    return 'Browsers play this kind of sound only on a secure page. Open it through https, or as http://localhost.';
  if (!window.AudioContext || !window.AudioWorkletNode) return 'This browser has no AudioWorklet, which the player needs.';
  return null;
}

export class Player extends EventTarget {
  constructor() {
    super();
    this.context = this.node = this.analyser = this.gain = null;
    this.volume = 1;
    this.report = { depth: 0, frame: null, audible: false, filling: true, underruns: 0, correction: 0, exact: true };
    this.jitter = new Jitter();
    this.silent = null; // called when a pause has faded out
  }

  // Call from a press of a key or button: browsers allow sound only then.
  async start() {
    const why = whyNoSound();
    if (why) throw new Error(why);
    this.starting ??= this.#create().catch((error) => {
      this.starting = null;
      this.context.close();
      throw error;
    });
    await this.starting;
    await Promise.race([this.context.resume(), after(PATIENCE_MS)]); // never settles where sound is not allowed
    if (this.context.state !== 'running') throw new Error('The browser does not allow sound yet. Press the circle again.');
  }

  async #create() {
    const context = new AudioContext({ latencyHint: 'playback' });
    this.context = context;
    await context.audioWorklet.addModule(new URL('worklet.js', import.meta.url));
    const node = new AudioWorkletNode(context, 'auralis', { numberOfInputs: 0, outputChannelCount: [2] });
    node.addEventListener('processorerror',
      () => this.#fail('The audio worklet stopped with an error. Press the circle to start it again.'));
    node.port.onmessage = ({ data }) => this.#receive(data);
    const analyser = new AnalyserNode(context, { fftSize: 2048, smoothingTimeConstant: 0.85 });
    const gain = new GainNode(context, { gain: this.volume });
    node.connect(analyser).connect(gain).connect(context.destination);
    Object.assign(this, { node, analyser, gain });
  }

  // A worklet that has stopped never runs again: the next start makes another.
  #fail(text) {
    this.starting = null;
    this.context.close();
    this.dispatchEvent(new CustomEvent('failed', { detail: text }));
  }

  #receive(data) {
    if (data.type === 'captured') return this.captured?.(data.parts);
    this.report = data;
    this.dispatchEvent(new CustomEvent('report', { detail: data }));
    if (data.audible) return;
    this.silent?.();
    this.silent = null;
  }

  play() {
    this.silent = null;
    this.node.port.postMessage({ type: 'play' });
  }

  // Fades out; returns the next frame to play, null if there is none.
  async pause() {
    const silent = new Promise((resolve) => { this.silent = resolve; });
    this.node.port.postMessage({ type: 'pause' });
    await Promise.race([silent, after(PATIENCE_MS)]); // a context that the system has stopped never fades
    return this.report.frame;
  }

  clear() {
    this.jitter.restart();
    this.node?.port.postMessage({ type: 'clear' });
  }

  // 0 to 1, smoothly; the worklet's own fades are not touched by it.
  setVolume(volume) {
    this.volume = volume;
    this.gain?.gain.setTargetAtTime(volume, this.context.currentTime, 0.2);
  }

  // A message of samples as it came; its buffer is given away.
  accept(buffer, header) {
    this.jitter.arrived(performance.now(), header.frames / RATE * 1000);
    this.node?.port.postMessage(buffer, [buffer]);
  }

  // What the server aims to keep here. To begin, at most half of it is waited for.
  aim(targetMs) {
    this.jitter.expect(targetMs);
    const begin = Math.min(targetMs / 2000, BEGIN + this.jitter.spread() / 1000);
    this.node?.port.postMessage({ type: 'depth', begin: begin * RATE, target: targetMs / 1000 * RATE });
  }

  get latencyMs() {
    const device = this.context?.outputLatency || this.context?.baseLatency || 0;
    return this.report.depth / RATE * 1000 + device * 1000;
  }

  // The next `frames` frames that leave the worklet, as [left, right]: for measuring.
  async capture(frames) {
    const parts = await new Promise((resolve) => {
      this.captured = resolve;
      this.node.port.postMessage({ type: 'capture', frames });
    });
    return [0, 1].map((side) => {
      const all = new Float32Array(frames);
      let at = 0;
      for (let i = side; i < parts.length && at < frames; i += 2) {
        all.set(parts[i].subarray(0, frames - at), at);
        at += parts[i].length;
      }
      return all;
    });
  }
}

// How unevenly messages arrive: the smoothed difference between their spacing and their length (RFC 3550, 6.4.1), and its
// mean plus two deviations. The burst at the start is not counted: it is meant to come fast.
class Jitter {
  constructor() {
    this.restart();
    this.target = 1000;
  }

  restart() {
    this.last = null;
    this.burst = 0;
    this.mean = this.square = this.ms = 0;
  }

  expect(targetMs) {
    if (targetMs > this.target) this.burst = 0; // a deeper tier sends another burst
    this.target = targetMs;
  }

  arrived(now, lengthMs) {
    const spacing = this.last === null ? 0 : now - this.last;
    this.last = now;
    this.burst += lengthMs;
    if (this.burst < this.target + 100) return;
    const difference = Math.abs(spacing - lengthMs);
    this.ms += (difference - this.ms) / 16;
    this.mean += (difference - this.mean) / 64;
    this.square += (difference * difference - this.square) / 64;
  }

  spread() { return this.mean + 2 * Math.sqrt(Math.max(0, this.square - this.mean * this.mean)); }
}
