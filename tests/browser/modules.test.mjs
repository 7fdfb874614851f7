// The player's parts that need no browser: ring, resampler, drift, history, address, packets, waiting times.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ring } from '../../web/ring.js';
import { Resampler } from '../../web/resampler.js';
import { Drift } from '../../web/drift.js';
import { History } from '../../web/history.js';
import { describe as describePiece, readAddress, validSeed } from '../../web/address.js';
import { readHeader, readSamples } from '../../web/packet.js';
import { waitBefore } from '../../web/connection.js';

const interleaved = (frames, value) => Float32Array.from({ length: 2 * frames }, (_, i) => value(i >> 1, i & 1));

function filledRing(value, frames) {
  const ring = new Ring(1 << 17);
  ring.append(interleaved(frames, value), 0);
  return ring;
}

function render(ring, resampler, frames) {
  const left = new Float32Array(frames), right = new Float32Array(frames);
  resampler.render(ring, left, right);
  return left;
}

test('what is rendered anew replaces what is unplayed, ahead of the reader and without a step', () => {
  const ring = filledRing(() => 0.5, 20000);
  ring.read = 6000;
  for (let frame = 5000; frame < 24000; frame += 1000) ring.append(interleaved(1000, () => 0.25), frame, frame === 5000);
  assert.equal(ring.write, 24000);
  assert.equal(ring.frameAt(23999), 23999);
  let step = 0;
  for (let i = 6000; i < 23999; i++) step = Math.max(step, Math.abs(ring.left[i + 1] - ring.left[i]));
  assert.ok(step < 0.001, `a step of ${step}`);
  assert.equal(ring.left[6100], 0.5);
  assert.ok(ring.left.subarray(8000, 24000).every((x) => x === 0.25));
});

test('what goes over by itself after a skip is not faded once more', () => {
  const ring = filledRing(() => 0.5, 8000), plain = filledRing(() => 0.5, 8000);
  ring.append(interleaved(4000, () => 0.25), 100000, false, true);
  plain.append(interleaved(4000, () => 0.25), 100000);
  assert.deepEqual([ring.write, ring.frameAt(8000), ring.left[7999], ring.left[8000]], [12000, 100000, 0.5, 0.25]);
  assert.equal(plain.write, 12000 - 1920);
});

test('equal rates pass the samples untouched', () => {
  const ring = filledRing((i, side) => Math.fround(Math.sin(i * 1.7 + side)), 4000);
  const left = render(ring, new Resampler(48000, 48000), 3000);
  left.forEach((sample, i) => assert.equal(sample, Math.fround(Math.sin(i * 1.7))));
});

for (const rate of [44100, 96000, 22050, 47999]) {
  test(`at ${rate} Hz a tone keeps its pitch and level`, () => {
    const hz = 997, ring = filledRing((i) => 0.5 * Math.sin(2 * Math.PI * hz * i / 48000), 60000);
    ring.read = 1000;
    const left = render(ring, new Resampler(48000, rate), 8000);
    const worst = left.reduce((most, sample, i) => {
      const wanted = 0.5 * Math.sin(2 * Math.PI * hz * (1000 / 48000 + i / rate));
      return Math.max(most, Math.abs(sample - wanted));
    }, 0);
    assert.ok(20 * Math.log10(worst) < -84, `${20 * Math.log10(worst)} dB`);
  });
}

test('what a slower card cannot play is removed, not folded down', () => {
  const ring = filledRing((i) => Math.sin(2 * Math.PI * 23000 * i / 48000), 30000);
  ring.read = 1000;
  const left = render(ring, new Resampler(48000, 44100), 8000);
  assert.ok(Math.max(...left.map(Math.abs)) < 1e-4);
});

for (const correction of [3e-4, -3e-4]) {
  test(`a correction of ${correction * 1e6} ppm begins and ends without a step, and ends exact`, () => {
    const tone = (i) => 0.5 * Math.sin(2 * Math.PI * 441 * i / 48000), ring = filledRing(tone, 60000);
    ring.read = 2000;
    const resampler = new Resampler(48000, 48000);
    const before = render(ring, resampler, 128);
    resampler.correction = correction;
    const during = render(ring, resampler, 20000);
    resampler.correction = 0;
    const after = render(ring, resampler, 10000);
    assert.ok(resampler.exact);
    const shift = ring.read - 2000 - 30128;
    assert.ok(correction > 0 ? shift >= 6 && shift <= 7 : shift <= -6 && shift >= -7, `shifted by ${shift}`);
    const all = [...before, ...during, ...after];
    const steepest = 0.5 * 2 * Math.PI * 441 / 48000 * 1.001;
    for (let i = 1; i < all.length; i++) assert.ok(Math.abs(all[i] - all[i - 1]) < steepest);
  });
}

test('the ring knows which frame it plays, drops what it has already and blends a jump', () => {
  const ring = new Ring(1 << 14);
  ring.append(interleaved(1000, () => 0.5), 5000);
  assert.equal(ring.frameAt(ring.read), 5000);
  ring.append(interleaved(1000, () => 0.5), 5600); // 400 of these are known
  assert.equal(ring.depth, 1600);
  ring.append(interleaved(2000, () => -0.5), 90000);
  assert.ok(ring.depth < 3600);
  assert.equal(ring.frameAt(ring.write), 92000);
  for (let i = 1; i < ring.depth; i++) assert.ok(Math.abs(ring.left[i] - ring.left[i - 1]) < 0.002, 'a click in the seam');
});

test('a ring that would overflow skips ahead without a click and without losing what is new', () => {
  const ring = new Ring(1 << 14);
  let frame = 0;
  for (let i = 0; i < 40; i++, frame += 960) ring.append(interleaved(960, (k) => Math.sin((frame + k) / 200)), frame);
  assert.equal(ring.frameAt(ring.write), frame);
  assert.ok(ring.room >= 0);
  for (let at = ring.read + 1; at < ring.write; at++)
    assert.ok(Math.abs(ring.left[at & ring.mask] - ring.left[(at - 1) & ring.mask]) < 0.02, `a click at ${at}`);
});

test('drift is left alone inside the band and corrected outside it until the depth is back', () => {
  const drift = new Drift(), settle = (depth, count = 600) => { for (let i = 0; i < count; i++) drift.update(depth, 48000); };
  drift.update(3000, 48000);
  assert.equal(drift.correction, 0, 'the first burst is not yet here');
  settle(48000);
  assert.equal(drift.correction, 0);
  settle(30000);
  assert.equal(drift.correction, 0);
  settle(10000);
  assert.ok(drift.correction < 0 && drift.correction >= -300e-6);
  settle(30000);
  assert.ok(drift.correction < 0, 'not back yet');
  settle(48000);
  assert.equal(drift.correction, 0);
  settle(140000);
  assert.ok(drift.correction > 0 && drift.correction <= 300e-6);
});

test('eight hours with clocks that differ by 200 ppm: the buffer lasts, and no more than 300 ppm are made up', () => {
  for (const ppm of [-200, 200]) {
    const drift = new Drift(), target = 48000, tick = 4800;
    let depth = target, most = 0, least = Infinity, correction = 0;
    for (let i = 0; i < 8 * 3600 * 10; i++) {
      depth += tick * (1 + ppm * 1e-6) - tick * (1 + correction);
      correction = drift.update(depth + (i * 7919 % 960), target);
      most = Math.max(most, depth);
      least = Math.min(least, depth);
      assert.ok(Math.abs(correction) <= 300e-6);
    }
    assert.ok(least > 0.3 * target && most < 1.8 * target + 24000, `${ppm}: ${least} … ${most}`);
  }
});

test('history keeps fifty steps and forgets what was undone when something new is done', () => {
  const history = new History(0);
  for (let i = 1; i <= 60; i++) history.record(i);
  let undone = 0;
  while (history.undo() !== null) undone++;
  assert.equal(undone, 50);
  assert.equal(history.redo(), 11);
  history.record(100);
  assert.equal(history.redo(), null);
  assert.equal(history.undo(), 11);
});

const TABLE = [
  { name: 'bpm', title: 'Tempo', type: 'number', minimum: 40, maximum: 120, initial: 70 },
  { name: 'key', title: 'Key', type: 'choice', choices: ['C', 'F#', 'A'], initial: 'A' },
  { name: 'enable_pads', title: 'Pads', type: 'switch', initial: true },
];

test('an address says the piece, and reading it gives the same piece again', () => {
  const focus = { name: 'focus', builtin: true, parameters: { bpm: 60, key: 'C', enable_pads: true } };
  const values = { bpm: 54.5, key: 'F#', enable_pads: false };
  const said = { seed: '18446744073709551615', ...describePiece(TABLE, values, focus) };
  const hash = '#' + new URLSearchParams(said);
  assert.equal(hash, '#seed=18446744073709551615&preset=focus&bpm=54.5&key=F%23&enable_pads=off');
  const read = readAddress(hash, TABLE);
  assert.deepEqual([read.seed, read.preset, read.parameters, read.problems], [said.seed, 'focus', values, []]);
  assert.deepEqual(describePiece(TABLE, { ...focus.parameters }, focus), { preset: 'focus' });
});

test('nonsense in an address is named and ignored', () => {
  const read = readAddress('#seed=-1&bpm=500&bpn=60&key=H&enable_pads=perhaps', TABLE);
  assert.equal(read.seed, null);
  assert.deepEqual(read.parameters, {});
  assert.equal(read.problems.length, 5);
  assert.ok(!validSeed('18446744073709551616') && validSeed('0') && !validSeed('1e3'));
});

test('a message is read as the protocol says, and nothing else is', () => {
  const buffer = new ArrayBuffer(24 + 2 * 8), view = new DataView(buffer);
  [2, 1, 2, 1].forEach((byte, i) => view.setUint8(i, byte));
  view.setUint32(4, 48000, true);
  view.setUint32(8, 2, true);
  view.setUint32(12, 9, true);
  view.setBigUint64(16, 1n << 40n, true);
  view.setFloat32(24, 0.25, true);
  const header = readHeader(buffer);
  assert.deepEqual(header, { format: 1, discontinuity: true, anew: false, faded: false, rate: 48000, frames: 2, sequence: 9, frame: 2 ** 40 });
  assert.equal(readSamples(buffer, header.format)[0], 0.25);
  assert.equal(readHeader(buffer.slice(0, 30)), null);
  assert.equal(readHeader(new ArrayBuffer(10)), null);
});

test('it comes back quickly twice, then waits 1, 2, 4, 8, 16, 16 s, 20 % more or less', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => waitBefore(n, 0.5)), [100, 500, 1000, 2000, 4000, 8000, 16000, 16000]);
  assert.ok(Math.abs(waitBefore(2, 0) - 800) < 1e-9 && Math.abs(waitBefore(2, 1) - 1200) < 1e-9);
});

// The worklet outside a browser: the few names it needs of its global scope.
let Processor;
Object.assign(globalThis, {
  sampleRate: 48000, currentTime: 0, registerProcessor: (_, it) => { Processor = it; },
  AudioWorkletProcessor: class { port = { said: [], postMessage(message) { this.said.push(message); } }; },
});
await import('../../web/worklet.js');

function message(frame, frames, value) {
  const buffer = new ArrayBuffer(24 + frames * 8), view = new DataView(buffer), samples = new Float32Array(buffer, 24);
  [2, 1, 2, 0].forEach((byte, i) => view.setUint8(i, byte));
  view.setUint32(4, 48000, true);
  view.setUint32(8, frames, true);
  view.setBigUint64(16, BigInt(frame), true);
  for (let i = 0; i < frames; i++) samples[2 * i] = samples[2 * i + 1] = value(frame + i);
  return buffer;
}

const wave = (i) => Math.fround(0.5 * Math.cos(i / 40));
const say = (processor, data) => processor.port.onmessage({ data });

function play(processor, quanta) {
  const heard = [];
  for (let i = 0; i < quanta; i++) {
    const output = [new Float32Array(128), new Float32Array(128)];
    processor.process([], [output]);
    heard.push(...output[0]);
  }
  return heard;
}

function smooth(heard, context) {
  for (let i = 1; i < heard.length; i++) assert.ok(Math.abs(heard[i] - heard[i - 1]) < 0.02, `${context}: a click at ${i}`);
}

test('the worklet waits for enough, begins a piece at full, and plays it exactly', () => {
  const processor = new Processor();
  say(processor, { type: 'depth', begin: 9600, target: 48000 });
  say(processor, { type: 'play' });
  say(processor, message(0, 9000, wave));
  assert.ok(play(processor, 10).every((sample) => sample === 0));
  say(processor, message(9000, 39000, wave));
  play(processor, 100).forEach((sample, i) => assert.equal(sample, wave(i)));
});

test('when nothing more comes it breathes out, waits, and goes on with the next frame: no click, nothing lost', () => {
  const processor = new Processor();
  say(processor, { type: 'depth', begin: 9600, target: 48000 });
  say(processor, { type: 'play' });
  say(processor, message(48000, 24000, wave)); // not the beginning: fades in
  const out = play(processor, 250);
  smooth(out, 'out');
  assert.ok(out.slice(-1000).every((sample) => sample === 0));
  assert.equal(processor.underruns, 1);
  const { frame } = processor.port.said.at(-1);
  say(processor, message(72000, 48000, wave));
  const back = play(processor, 100);
  smooth(back, 'back');
  back.slice(2000).forEach((sample, i) => assert.equal(sample, wave(frame + 2000 + i)));
});

test('pause and play are fades; after another place is sent, that is what is heard', () => {
  const processor = new Processor();
  say(processor, { type: 'depth', begin: 4800, target: 48000 });
  say(processor, { type: 'play' });
  say(processor, message(1000, 48000, wave));
  const heard = play(processor, 60);
  say(processor, { type: 'pause' });
  heard.push(...play(processor, 60));
  say(processor, { type: 'play' });
  heard.push(...play(processor, 60));
  smooth(heard, 'pause');
  say(processor, { type: 'pause' });
  play(processor, 20);
  say(processor, { type: 'clear' });
  say(processor, message(700000, 20000, wave));
  say(processor, { type: 'play' });
  const other = play(processor, 40);
  smooth(other, 'other');
  assert.equal(processor.ring.frameAt(processor.ring.read), 700000 + 40 * 128);
});
