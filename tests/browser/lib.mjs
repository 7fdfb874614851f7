// What the tests of the page share: the server as a child, the page in Chromium, captured sound as numbers.
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

export const RATE = 48000;
const AURALIS = process.env.AURALIS ?? 'build/auralis';

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

// A server of our own on a free port, with a state directory of its own.
export class Server {
  constructor() { this.state = mkdtempSync(join(tmpdir(), 'auralis-page-')); }

  get address() { return `${this.secure ? 'https' : 'http'}://127.0.0.1:${this.port}`; }

  async start(environment = {}) {
    this.secure = 'AURALIS_TLS_KEY' in environment;
    this.port ??= await freePort();
    this.child = spawn(AURALIS, ['serve', '--listen', `127.0.0.1:${this.port}`],
      { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...environment, XDG_STATE_HOME: this.state } });
    this.gone = once(this.child, 'exit');
    for (let i = 0; i < 300; i++) {
      if (this.child.exitCode !== null) throw new Error(`the server ended with ${this.child.exitCode}`);
      if (await fetch(this.address + '/readyz').then(({ ok }) => ok, () => false)) return;
      await sleep(100);
    }
    throw new Error('the server is not ready after 30 s');
  }

  // As a crash would: no goodbye.
  async kill() {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  async end() {
    if (this.child?.exitCode === null && this.child.signalCode === null) await this.kill();
    rmSync(this.state, { recursive: true, force: true });
  }
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  });
}

// A page whose sound card runs at `rate`; whatever it complains of is collected in page.complaints.
export async function open(browser, server, hash = '', { rate = RATE, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => { if (message.type() === 'error') page.complaints.push(message.text()); });
  page.on('pageerror', (error) => page.complaints.push(error.message));
  await page.addInitScript((sampleRate) => {
    const Original = AudioContext;
    window.AudioContext = class extends Original {
      constructor(options) { super({ ...options, sampleRate }); }
    };
  }, rate);
  await page.goto(server.address + '/' + hash);
  await page.waitForFunction(() => window.auralis);
  return page;
}

// Captures what leaves the worklet from now on; what(): done while it records. Returns {left, right, underruns}.
export async function record(page, seconds, what = async () => {}) {
  await page.evaluate(async (frames) => {
    await auralis.player.start();
    window.recording = auralis.player.capture(frames);
  }, seconds * RATE);
  await what();
  const [left, right, underruns] = await page.evaluate(async () => {
    const text = async (samples) => {
      const bytes = new Uint8Array(samples.buffer), parts = [];
      for (let i = 0; i < bytes.length; i += 0x6000) parts.push(String.fromCharCode(...bytes.subarray(i, i + 0x6000)));
      return btoa(parts.join(''));
    };
    const [left, right] = await window.recording, { underruns } = auralis.player.report;
    return [await text(left), await text(right), underruns];
  });
  return { left: floats(left), right: floats(right), underruns };
}

function floats(base64) {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

// The same piece offline: {left, right}.
export function render(args, seconds) {
  const wav = execFileSync(AURALIS, ['render', '--quiet', ...args, '--duration', `${seconds}s`, '-o', '-'], { maxBuffer: 1 << 30 });
  const start = wav.indexOf('data') + 8, count = seconds * RATE, left = new Float32Array(count), right = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    left[i] = wav.readFloatLE(start + 8 * i);
    right[i] = wav.readFloatLE(start + 8 * i + 4);
  }
  return { left, right };
}

export const firstSound = (samples) => samples.findIndex((sample) => sample !== 0);

// Where the samples of `part` (from `from` on) stand in `whole`: searched by a run of exact values. -1 if nowhere.
export function find(whole, part, from) {
  for (let at = 0; at + 64 < whole.length; at++) {
    let same = 0;
    while (same < 64 && whole[at + same] === part[from + same]) same++;
    if (same === 64) return at;
  }
  return -1;
}

// Index of the first sample that differs over `count`, or -1.
export function difference(a, from, b, at, count) {
  for (let i = 0; i < count; i++) if (a[from + i] !== b[at + i]) return i;
  return -1;
}

export async function until(what, seconds = 20) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) if (await what()) return true;
  return false;
}

// The MIDI note between C1 and B2 with the most energy (a Goertzel filter over a Hann window for each).
export function strongestBass(samples) {
  let best = 0, most = -1;
  for (let note = 24; note <= 47; note++) {
    const hz = 440 * 2 ** ((note - 69) / 12), k = 2 * Math.cos(2 * Math.PI * hz / RATE);
    let a = 0, b = 0;
    samples.forEach((sample, i) => {
      const window = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / samples.length), next = sample * window + k * a - b;
      b = a;
      a = next;
    });
    const power = a * a + b * b - k * a * b;
    if (power > most) [most, best] = [power, note];
  }
  return best;
}
