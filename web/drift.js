// drift.js — two clocks never agree: the server's and the sound card's.
//
// Left alone the buffer would slowly run empty or pile up. As long as its depth stays within a wide band nothing is done and
// the samples stay exact; outside it the music is played up to 300 ppm faster or slower (half a cent: nobody hears
// that) until the depth is back where it should be.

const MOST = 300e-6;
const SMOOTHING = 0.02; // a share of each reading, at ten readings a second: five seconds
const PATIENCE = 100; // readings

export class Drift {
  constructor() { this.reset(); }

  reset() {
    this.readings = 0; // since the beginning; none counts until the first burst has filled the buffer
    this.smooth = null;
    this.correction = 0;
  }

  // Depth and target in frames; returns the correction as a share of speed.
  update(depth, target) {
    if (target !== this.target) this.reset();
    this.target = target;
    if (this.smooth === null && depth < 0.8 * target && this.readings++ < PATIENCE) return 0;
    this.smooth ??= depth;
    this.smooth += (depth - this.smooth) * SMOOTHING;
    const low = 0.4 * target, high = 1.6 * target + 24000;
    if (this.smooth < low) this.correction = -MOST;
    else if (this.smooth > high) this.correction = MOST;
    else if (this.correction < 0 && this.smooth >= 0.9 * target) this.correction = 0;
    else if (this.correction > 0 && this.smooth <= 1.1 * target) this.correction = 0;
    return this.correction;
  }
}
