// session.js — what is being listened to: the piece, its parameters, where it stands, and whether it plays.
//
// It joins the line (connection.js) and the sound (player.js) and knows nothing of the page. The page's values are the
// truth for a piece of one's own: they are sent, and a new connection describes them; for a station the server's are.
//
// Events: 'values', 'turned' (by another hand), 'playing', 'piece' (another one was chosen), 'warnings' (detail: sentences), 'problem' (detail: one sentence), 'tier' (detail: its name),
// 'coming' (detail: set of parameters that are turned but not heard yet), and those of `connection` and `player`.

import { Connection } from './connection.js';
import { Outbox } from './outbox.js';
import { Player } from './player.js';
import { Radio, prefersRadio } from './radio.js';
import { controlStation, isHealthy } from './api.js';
import { describe } from './address.js';

const RETUNE_MS = 600; // a control has come to rest: the radio is tuned anew
const PATIENCE_MS = 5000; // for so long a turned control waits for the server's word before it takes another

export class Session extends EventTarget {
  constructor(table) {
    super();
    this.table = table;
    this.player = new Player();
    this.radio = prefersRadio() ? new Radio() : null; // plays instead of line and player
    this.connection = new Connection();
    this.outbox = new Outbox((changes) => this.#send(changes));
    this.piece = { station: null, seed: '0' };
    this.preset = null; // the preset that the values started from
    this.values = Object.fromEntries(table.map((info) => [info.name, info.initial]));
    this.tier = 'normal';
    this.position = 0; // the frame to go on from
    this.playing = false;
    this.unconfirmed = new Map(); // name → when it was turned here, until the server says the same
    this.coming = new Map(); // name → the frame at which it is heard (Infinity: the server has not said)
    this.work = Promise.resolve();
    this.#listen();
  }

  get own() { return this.piece.station === null; }

  // What the address bar says.
  get description() {
    return this.own ? { seed: this.piece.seed, ...describe(this.table, this.values, this.preset) } : { station: this.piece.station };
  }

  // One after the other: playing, pausing and changing the piece never overlap.
  #then(task) {
    this.work = this.work.then(task).catch((error) => this.#problem(error.message));
    return this.work;
  }

  play() {
    const started = this.radio ? this.#tune() : this.player.start(); // at once: it must happen within the press
    return this.#then(async () => {
      if (this.playing) return;
      try {
        await started;
      } catch (error) {
        this.#setPlaying(false);
        throw error;
      }
      this.#setPlaying(true);
      if (!this.radio) this.#open();
    });
  }

  pause() { return this.#then(() => this.#stop()); }

  // Another piece, from its beginning; goes on playing if it played.
  choose(piece) {
    return this.#then(async () => {
      const played = this.playing;
      if (played) await this.#stop({ forGood: false });
      this.piece = piece;
      this.position = 0;
      this.coming.clear();
      this.#emit('piece');
      this.#emit('values');
      if (played) this.#open();
    });
  }

  // Where the radio finds what is to be heard.
  #tune() {
    if (this.playing) return Promise.resolve();
    return this.radio.play((format, frame) => (this.own
      ? `/listen.${format}?${new URLSearchParams({ ...this.description, start: frame })}`
      : `/stations/${encodeURIComponent(this.piece.station)}.${format}`), this.position);
  }

  // 0 to 1.
  setVolume(volume) { (this.radio ?? this.player).setVolume(volume); }

  #open() {
    if (this.radio) return this.radio.retune(this.position);
    this.player.clear();
    this.player.aim(TIER_MS[this.tier]);
    this.player.play();
    this.connection.open(() => ({ ...this.description, buffer_tier: this.tier }), this.position);
  }

  async #stop({ forGood = true } = {}) {
    if (!this.playing) return;
    if (forGood) this.#setPlaying(false);
    if (this.radio) {
      if (forGood) this.position = await this.radio.stop();
      return;
    }
    const frame = await this.player.pause();
    this.connection.close();
    this.player.clear();
    if (frame !== null) this.position = frame;
    if (forGood) await this.player.context.suspend();
  }

  #setPlaying(playing) {
    this.playing = playing;
    this.#emit('playing');
  }

  // Turns some parameters, here at once and on the server soon.
  set(changes) {
    const different = Object.entries(changes).filter(([name, value]) => this.values[name] !== value);
    if (different.length === 0) return;
    Object.assign(this.values, Object.fromEntries(different));
    for (const [name] of different) {
      this.unconfirmed.set(name, performance.now());
      if (this.playing && !this.radio) this.coming.set(name, Infinity);
    }
    this.outbox.put(Object.fromEntries(different));
    this.#emit('values');
    this.#emit('coming', new Set(this.coming.keys()));
  }

  setTier(tier) {
    this.tier = tier;
    this.connection.send({ type: 'buffer', tier });
  }

  #send(changes) {
    if (this.radio && this.own) {
      clearTimeout(this.retuning);
      if (this.playing) this.retuning = setTimeout(() => this.#then(() => { if (this.playing) return this.radio.retune(); }), RETUNE_MS);
      return;
    }
    if (this.connection.send({ type: 'control', parameters: changes, ...this.#heard() }) || this.own) return;
    controlStation(this.piece.station, changes).then(
      ({ warnings }) => this.#emit('warnings', warnings ?? []),
      (error) => this.#problem(error.message),
    );
  }

  // Where the player is, so that the server can render what it still holds anew and the change is heard at once.
  #heard() {
    const { frame, audible } = this.player.report;
    return this.own && audible && frame !== null ? { heard: String(Math.floor(frame)) } : {};
  }

  #listen() {
    const { connection, player } = this;
    const on = (type, handle) => connection.addEventListener(type, ({ detail }) => handle(detail));
    on('state', (state) => { if (state === 'waiting' && connection.refused === 3) this.#askWhy(); });
    on('samples', ({ buffer, header }) => player.accept(buffer, header));
    on('hello', (hello) => this.#greeted(hello));
    on('parameters', (message) => this.#changed(message));
    on('tier', (message) => this.#aim(message));
    on('error', ({ message }) => this.#problem(message));
    on('shutdown', () => this.#problem('The server is about to restart. The music goes on by itself.'));
    this.radio?.addEventListener('stopped', () => this.pause());
    player.addEventListener('report', ({ detail }) => this.#reported(detail));
    player.addEventListener('failed', ({ detail }) => {
      this.connection.close();
      this.position = player.report.frame ?? this.position;
      this.#setPlaying(false);
      this.#problem(detail);
    });
  }

  // Browsers do not tell a refused socket from an unreachable server; whether it answers at all does.
  async #askWhy() {
    if (await isHealthy())
      this.#problem('The server answers but does not take this connection: it may be full, or asked too often. Trying again.');
  }

  #greeted(hello) {
    this.underrunsBefore = this.player.report.underruns; // each connection counts from 0
    this.#aim(hello.buffer);
    this.#emit('warnings', hello.warnings ?? []);
    this.unconfirmed.clear();
    if (!this.own) return this.#adopt(hello.parameters, 'server');
    const changed = Object.entries(this.values).filter(([name, value]) => hello.parameters[name] !== value);
    if (changed.length) this.outbox.put(Object.fromEntries(changed)); // turned while the line was being made
  }

  #changed({ parameters, applies_at: at, warnings, by }) {
    this.#emit('warnings', warnings ?? []);
    for (const name of this.coming.keys())
      if (by === 'you' && this.values[name] === parameters[name]) this.coming.set(name, Number(at));
    if (!this.own || by !== 'you') this.#adopt(parameters, by); // an echo tells nothing new of one's own piece
  }

  // The server's values, but for those whose last turn it has not answered yet: an echo of the turn before would move the
  // control back under the hand.
  #adopt(parameters, by) {
    const before = JSON.stringify(this.values);
    for (const [name, value] of Object.entries(parameters ?? {})) {
      if (!(name in this.values)) continue;
      if (this.values[name] === value || performance.now() - this.unconfirmed.get(name) > PATIENCE_MS) this.unconfirmed.delete(name);
      if (!this.unconfirmed.has(name)) this.values[name] = value;
    }
    this.#emit('values');
    if (by !== 'you' && JSON.stringify(this.values) !== before) this.#emit('turned');
  }

  #aim({ tier, target_ms: target }) {
    this.tier = tier;
    this.player.aim(target);
    this.#emit('tier', tier);
  }

  #reported(report) {
    for (const [name, frame] of this.coming) if (report.frame >= frame || !this.playing) this.coming.delete(name);
    this.#emit('coming', new Set(this.coming.keys()));
    const now = performance.now();
    if (now - (this.lastReport ?? 0) < 1000) return;
    this.lastReport = now;
    this.connection.send({
      type: 'report', depth_ms: Math.round(report.depth / 48), underruns: report.underruns - this.underrunsBefore,
      jitter_ms: Math.round(this.player.jitter.ms * 10) / 10, ...this.#heard(),
    });
  }

  #problem(text) { this.#emit('problem', text); }

  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

const TIER_MS = { minimal: 500, normal: 1000, stable: 2000, defensive: 3000 };
