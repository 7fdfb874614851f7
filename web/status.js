// status.js — how the line is doing, in numbers, and what the music is doing, in words.
//
// The server's word on chord and section is about the frame it is rendering, which is heard only when the buffer has played
// up to it: it waits here until then.

import { RATE } from './player.js';
import { make } from './controls.js';

const ROWS = [
  ['connection', 'State'], ['buffer', 'Buffer'], ['latency', 'Latency'], ['jitter', 'Jitter'],
  ['underruns', 'Underruns'], ['listeners', 'Listeners'],
];

const STATES = {
  closed: 'Not playing', connecting: 'Connecting', open: 'Connected', waiting: 'Reconnecting',
};

export class Status {
  constructor(page) {
    this.page = page;
    this.upcoming = []; // status messages that are not heard yet
    this.cells = new Map(ROWS.map(([key]) => [key, make('dd', { textContent: '–' })]));
    page.status.replaceChildren(...ROWS.flatMap(([key, title]) => [make('dt', { textContent: title }), this.cells.get(key)]));
  }

  connection(state, note) {
    const { connection, connectionText, announce } = this.page;
    const text = note ?? STATES[state];
    connection.dataset.state = state;
    if (connectionText.textContent === text) return;
    connectionText.textContent = text;
    this.#set('connection', text);
    if (state !== 'connecting') announce.textContent = text;
  }

  tier(name) { this.page.tier.value = name; }

  music(message) { this.upcoming = [...this.upcoming.slice(-20), message]; }

  // A new connection: its frames may be others.
  await() { this.upcoming = []; }

  // Nothing is heard any more.
  forget() {
    this.upcoming = [];
    this.page.chord.textContent = this.page.place.textContent = '\u00a0';
    for (const key of ['buffer', 'latency', 'jitter']) this.#set(key, '–');
  }

  // Ten times a second: the worklet's report and the player's own numbers.
  line(report, player) {
    this.#set('buffer', seconds(report.depth / RATE));
    this.#set('latency', seconds(player.latencyMs / 1000));
    this.#set('jitter', `${player.jitter.ms.toFixed(1)} ms`);
    this.#set('underruns', String(report.underruns));
    while (this.upcoming.length && report.frame !== null && Number(this.upcoming[0].frame) <= report.frame)
      this.#heard(this.upcoming.shift());
  }

  #heard({ chord, section, bar, listeners }) {
    this.page.chord.textContent = chord ? String(chord).replace('#', '♯') : '\u00a0';
    this.page.place.textContent = section === undefined ? '\u00a0' : `Section ${Number(section) + 1}, bar ${Number(bar) + 1}`;
    if (listeners !== undefined) this.#set('listeners', String(listeners));
  }

  #set(key, text) {
    const cell = this.cells.get(key);
    if (cell.textContent !== text) cell.textContent = text;
  }
}

function seconds(value) { return `${value.toFixed(2)} s`; }
