// resampler.js — plays the ring at the rate of the sound card, at the right pitch.
//
// A band-limited interpolator: a sinc under a Kaiser window (90 dB), tabulated at 512 fractions of a sample and interpolated
// linearly between them (error below -110 dB). With equal rates and no correction the samples pass untouched, bit for bit; a
// correction of up to 300 ppm then slides smoothly away from a whole sample and, when it ends, on to the next whole one.

const PHASES = 512;
const TAPS = 96; // at rates near the source's; more when the card is slower, as the filter is narrower
const BETA = 8.96;
const EDGE = 0.935; // of the slower Nyquist frequency: the window's transition ends just above it

// Modified Bessel function of the first kind, order 0: its power series (Abramowitz and Stegun 9.6.12).
function bessel(x) {
  let sum = 1, term = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function kernel(t, half, edge) {
  if (Math.abs(t) >= half) return 0;
  const x = Math.PI * t * edge;
  const sinc = x === 0 ? 1 : Math.sin(x) / x;
  return edge * sinc * bessel(BETA * Math.sqrt(1 - (t / half) ** 2));
}

function makeTable(taps, edge) {
  const half = taps / 2, table = new Float32Array((PHASES + 1) * taps);
  for (let phase = 0; phase <= PHASES; phase++) {
    const row = Array.from({ length: taps }, (_, k) => kernel(k - half + 1 - phase / PHASES, half, edge));
    const sum = row.reduce((a, b) => a + b);
    row.forEach((value, k) => { table[phase * taps + k] = value / sum; });
  }
  return table;
}

export class Resampler {
  constructor(sourceRate, deviceRate) {
    this.ratio = sourceRate / deviceRate; // source frames for one output frame
    const slower = Math.max(1, this.ratio);
    this.taps = 2 * Math.ceil(TAPS * Math.min(slower, 8) / 2);
    this.table = makeTable(this.taps, this.ratio === 1 ? 1 : EDGE / slower);
    this.fraction = 0; // of a source frame, behind the ring's read position
    this.correction = 0; // wanted, as a share: 1e-4 plays 100 ppm faster
    this.drifted = 1; // the direction of the last correction
    this.left = this.right = 0;
  }

  // Source frames that `frames` of output may touch beyond the read position.
  reach(frames) { return Math.ceil(frames * this.ratio * 1.001) + this.taps / 2 + 2; }

  get exact() { return this.ratio === 1 && this.fraction === 0 && this.correction === 0; }

  // Fills both outputs from ring.read on and moves it.
  render(ring, left, right) {
    if (this.exact) copy(ring, left, right);
    else for (let i = 0; i < left.length; i++) this.#step(ring, left, right, i);
  }

  #step(ring, left, right, i) {
    this.#interpolate(ring);
    left[i] = this.left;
    right[i] = this.right;
    if (this.correction !== 0) this.drifted = Math.sign(this.correction);
    if (this.ratio === 1 && this.correction === 0) return this.#slideHome(ring);
    const next = this.fraction + this.ratio * (1 + this.correction), whole = Math.floor(next);
    ring.read += whole;
    this.fraction = next - whole;
  }

  // With equal rates a correction that has ended goes on to the next whole sample, so that what follows is exact again.
  #slideHome(ring) {
    const there = this.fraction === 0, next = this.fraction + (there ? 0 : this.drifted * 3e-4);
    const home = next <= 0 || next >= 1;
    ring.read += next >= 1 ? 2 : 1;
    this.fraction = home ? 0 : next;
  }

  #interpolate(ring) {
    const { taps, table } = this, scaled = this.fraction * PHASES, phase = Math.floor(scaled), mix = scaled - phase;
    const row = phase * taps, start = ring.read - taps / 2 + 1;
    let l = 0, r = 0;
    for (let k = 0; k < taps; k++) {
      const a = table[row + k], weight = a + mix * (table[row + taps + k] - a), at = (start + k) & ring.mask;
      l += weight * ring.left[at];
      r += weight * ring.right[at];
    }
    this.left = l;
    this.right = r;
  }
}

function copy(ring, left, right) {
  for (let i = 0; i < left.length; i++, ring.read++) {
    left[i] = ring.left[ring.read & ring.mask];
    right[i] = ring.right[ring.read & ring.mask];
  }
}
