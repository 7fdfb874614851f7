// visualiser.js — slow ribbons of light behind the circle.
//
// Each ribbon listens to one part of the spectrum and swells with it over seconds; nothing ever flashes. Where
// motion is unwanted (prefers-reduced-motion), and while nothing plays, it is a still picture, and costs nothing.

// Centre frequency in Hz, hue, resting height as a share of the canvas, speed, wavelength.
const RIBBONS = [
  { hz: 90, hue: 262, base: 0.60, speed: 0.043, waves: 1.1 },
  { hz: 220, hue: 236, base: 0.53, speed: -0.051, waves: 1.5 },
  { hz: 480, hue: 205, base: 0.47, speed: 0.064, waves: 1.9 },
  { hz: 1100, hue: 174, base: 0.41, speed: -0.073, waves: 2.3 },
  { hz: 2600, hue: 152, base: 0.36, speed: 0.087, waves: 2.8 },
];
const FRAME_MS = 33;
const QUIETEST_DB = -95, LOUDEST_DB = -35;

export class Visualiser {
  constructor(canvas, sound) {
    this.canvas = canvas;
    this.pen = canvas.getContext('2d');
    this.sound = sound; // () => the AnalyserNode, or null while there is none
    this.energy = RIBBONS.map(() => 0);
    this.time = 40;
    this.last = 0;
    this.playing = false;
    this.still = matchMedia('(prefers-reduced-motion: reduce)');
    this.still.addEventListener('change', () => this.#wake());
    document.addEventListener('visibilitychange', () => this.#wake());
    new ResizeObserver(() => this.#fit()).observe(canvas);
    this.#fit();
  }

  set(playing) {
    this.playing = playing;
    this.#wake();
  }

  #fit() {
    const scale = Math.min(devicePixelRatio, 1.5), { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = Math.max(1, clientWidth * scale);
    this.canvas.height = Math.max(1, clientHeight * scale);
    this.#draw();
  }

  get #moving() {
    return !this.still.matches && !document.hidden && (this.playing || this.energy.some((level) => level > 0.01));
  }

  #wake() {
    if (this.request || !this.#moving) return;
    this.request = requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    this.request = null;
    if (now - this.last >= FRAME_MS) {
      this.time += Math.min(now - this.last, 100) / 1000;
      this.last = now;
      this.#listen();
      this.#draw();
    }
    this.#wake();
  }

  #listen() {
    const analyser = this.playing ? this.sound() : null;
    this.bins ??= analyser && new Float32Array(analyser.frequencyBinCount);
    analyser?.getFloatFrequencyData(this.bins);
    RIBBONS.forEach(({ hz }, i) => {
      const heard = analyser ? loudness(this.bins, hz, analyser.context.sampleRate) : 0;
      this.energy[i] += (heard - this.energy[i]) * (heard > this.energy[i] ? 0.06 : 0.025);
    });
  }

  #draw() {
    const { pen, canvas: { width, height } } = this;
    pen.clearRect(0, 0, width, height);
    pen.globalCompositeOperation = 'lighter';
    RIBBONS.forEach((ribbon, i) => this.#ribbon(ribbon, this.energy[i], width, height));
  }

  // A band between two slow curves, brightest in the middle of the page and fading upwards like a curtain.
  #ribbon({ hue, base, speed, waves }, energy, width, height) {
    const { pen, time } = this, lift = (0.05 + 0.13 * energy) * height, steps = 48;
    const curve = (x, shift) => Math.sin(x * waves * 6.283 + time * speed * 6 + shift)
      + 0.5 * Math.sin(x * waves * 11.3 - time * speed * 9 + shift * 2);
    pen.beginPath();
    for (let i = 0; i <= steps; i++) pen.lineTo(i / steps * width, base * height + curve(i / steps, hue) * 0.045 * height);
    for (let i = steps; i >= 0; i--) {
      const x = i / steps, swell = 0.6 + 0.4 * Math.sin(x * 5 + time * speed * 4 + hue);
      pen.lineTo(x * width, base * height + curve(x, hue) * 0.045 * height - lift * (0.7 + swell));
    }
    const fill = pen.createLinearGradient(0, (base - 0.05) * height - 1.7 * lift, 0, (base + 0.06) * height);
    const strength = 0.10 + 0.30 * energy;
    fill.addColorStop(0, `hsla(${hue}, 80%, 62%, 0)`);
    fill.addColorStop(0.66, `hsla(${hue}, 80%, 60%, ${strength})`);
    fill.addColorStop(1, `hsla(${hue}, 85%, 66%, ${strength * 0.15})`);
    pen.fillStyle = fill;
    pen.fill();
  }
}

// 0 to 1: the mean level of the octave around `hz`.
function loudness(bins, hz, rate) {
  const width = rate / 2 / bins.length, low = Math.max(1, Math.floor(hz / 1.41 / width)), high = Math.ceil(hz * 1.41 / width);
  let sum = 0;
  for (let i = low; i <= high; i++) sum += Math.max(QUIETEST_DB, bins[i]);
  return Math.min(1, Math.max(0, (sum / (high - low + 1) - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB)));
}
