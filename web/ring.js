// ring.js — the samples that have arrived and are still to be played, and which frame of the piece each one is.
//
// Positions are absolute (frames since the ring was made) and only ever grow; the storage behind them is a power of two.
// When the stream jumps (the server skipped frames, or a station was restarted) the seam is made while writing: the unplayed
// tail fades into what follows, so that reading stays a plain copy and never clicks.

const SEAM = 1920; // frames of crossfade at a jump: 40 ms
const TURN = 960; // of crossfade where what is unplayed is replaced: 20 ms, …
const LEAD = 512; // … which begins so many frames ahead of the reader
const KEPT = 4096; // frames behind the reader that stay valid (for the resampler's window)
const NEAR = 19200; // a message this little behind what is expected repeats old frames; farther is another place

export class Ring {
  constructor(size = 1 << 20) { // 21 s
    this.size = size;
    this.mask = size - 1;
    this.left = new Float32Array(size);
    this.right = new Float32Array(size);
    this.read = 0; // set by whoever plays
    this.clear();
  }

  // Forgets everything unplayed; what was just played fades to silence in the resampler's window.
  clear() {
    this.left.fill(0);
    this.right.fill(0);
    this.write = this.read;
    this.replacing = false;
    this.places = []; // [{at, frame}]: the sample at position `at` is frame `frame` of the piece
  }

  get depth() { return this.write - this.read; }

  get room() { return this.size - KEPT - this.depth; }

  // Which frame of the piece stands at position `at`; null if nothing was ever written.
  frameAt(at) {
    let found = this.places[0];
    for (const place of this.places) if (place.at <= at) found = place;
    return found ? found.frame + (at - found.at) : null;
  }

  // Adds interleaved samples, the first being frame `frame` of the piece. True if they did not follow on.
  // `anew`: from here on the piece was rendered anew, so what is unplayed of it is replaced. `faded`: if they do not follow on,
  // they go over from what would have.
  append(samples, frame, anew = false, faded = false) {
    const count = samples.length / 2, expected = this.frameAt(this.write);
    if (anew) this.replacing = true;
    if (this.replacing && expected !== null && expected - frame < this.size) return this.#replace(samples, frame, expected);
    this.replacing = false;
    if (count > this.room) this.skip(this.depth - this.size / 4);
    if (expected === null) {
      this.#mark(this.write, frame);
      this.#copy(samples, 0, count);
      return false;
    }
    const behind = expected - frame;
    if (behind >= 0 && behind < NEAR) { // the usual case: behind is 0
      this.#copy(samples, Math.min(behind, count), count);
      return false;
    }
    const seam = faded ? 0 : Math.min(SEAM, count, this.depth);
    this.#mark(this.write - seam, frame);
    this.write -= seam;
    this.#blend(samples, seam);
    this.#copy(samples, seam, count);
    return true;
  }

  // Fades over to these samples a little ahead of the reader; what lies before that has been played.
  #replace(samples, frame, expected) {
    const count = samples.length / 2, place = this.write - (expected - frame);
    const from = Math.max(0, this.read + LEAD - place), at = place + from;
    if (from >= count) return false;
    const seam = Math.max(0, Math.min(TURN, count - from, this.write - at));
    this.replacing = false;
    if (at > this.write) return this.append(samples, frame);
    this.#mark(at, frame + from);
    this.write = at;
    this.#blend(samples, seam, from, shares);
    this.#copy(samples, from + seam, count);
    return true;
  }

  // Plays on `frames` later, through a crossfade: when far too much has piled up.
  skip(frames) {
    const seam = Math.min(SEAM, this.depth - frames);
    if (frames <= 0 || seam <= 0) return;
    for (let i = 0; i < seam; i++) {
      const [out, into] = weights(i, seam), a = (this.read + i) & this.mask, b = (this.read + frames + i) & this.mask;
      this.left[b] = this.left[a] * out + this.left[b] * into;
      this.right[b] = this.right[a] * out + this.right[b] * into;
    }
    this.read += frames;
  }

  #mark(at, frame) {
    this.places = this.places.filter((place) => place.at < at);
    this.places.push({ at, frame });
    while (this.places.length > 1 && this.places[1].at <= this.read) this.places.shift();
  }

  #copy(samples, from, to) {
    for (let i = from; i < to; i++, this.write++) {
      this.left[this.write & this.mask] = samples[2 * i];
      this.right[this.write & this.mask] = samples[2 * i + 1];
    }
  }

  #blend(samples, seam, from = 0, share = weights) {
    for (let i = 0; i < seam; i++, this.write++) {
      const [out, into] = share(i, seam), at = this.write & this.mask;
      this.left[at] = this.left[at] * out + samples[2 * (from + i)] * into;
      this.right[at] = this.right[at] * out + samples[2 * (from + i) + 1] * into;
    }
  }
}

// Both sides are nearly the same.
function shares(i, count) {
  const into = (i + 1) / (count + 1);
  return [1 - into, into];
}

// Equal power: the two sides of a jump have nothing to do with each other.
function weights(i, count) {
  const angle = (i + 1) / (count + 1) * (Math.PI / 2);
  return [Math.cos(angle), Math.sin(angle)];
}
