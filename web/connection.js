// connection.js — the auralis-v2 socket, kept alive.
//
// It is opened with a description of what to hear and remembers which frame comes next. When the line breaks it comes back by
// itself and asks for exactly that frame, with the parameters as they are by then, so that the piece goes on as if
// nothing had been. The first two attempts come fast, while there is still sound in the buffer; then it waits 1, 2, 4 … 16 s,
// each time up to 20 % more or less so that a thousand pages do not knock at once.
//
// Events: 'state' (detail: 'closed', 'connecting', 'open', 'waiting'), 'samples' (detail: {buffer, header}), and each JSON message
// under its own type.

import { readHeader } from './packet.js';
import * as token from './token.js';

const QUICK_MS = [100, 500];
const FIRST_MS = 1000, LONGEST_MS = 16000, SPREAD = 0.2;
const SILENCE_MS = 4000; // without any message: the line is dead even if nobody has said so

export class Connection extends EventTarget {
  constructor() {
    super();
    this.client = 'page-' + crypto.getRandomValues(new Uint32Array(2)).join('-');
    this.state = 'closed';
    this.next = 0; // the frame after the last one received
    this.attempts = 0;
    this.refused = 0; // attempts in a row that never got a hello
    window.addEventListener('online', () => this.#hurry());
  }

  // `describe()` gives the query of a connection: {seed, preset, bpm, …} or {station}; it is asked anew at every attempt.
  open(describe, start) {
    this.close();
    this.describe = describe;
    this.next = start;
    this.attempts = this.refused = 0;
    this.word = null; // with which the server goes on in the same moment; a change makes it stale
    this.#connect();
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.watch);
    const socket = this.socket;
    this.socket = null; // its remaining events are ignored
    socket?.close(1000);
    this.#become('closed');
  }

  // False if it could not be sent: the next connection carries the parameters anyway.
  send(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    if (message.type === 'control' || message.type === 'preset') this.word = null;
    return true;
  }

  #address() {
    const query = new URLSearchParams(this.describe());
    if (query.has('seed') && this.next > 0) {
      if (this.word) for (const key of [...query.keys()]) if (key !== 'buffer_tier') query.delete(key);
      if (this.word) query.set('resume', this.word);
      query.set('start', this.next);
    }
    const address = new URL(`ws/audio/${this.client}?${query}`, document.baseURI);
    address.protocol = address.protocol.replace('http', 'ws');
    address.hash = '';
    return address;
  }

  #connect() {
    this.#become('connecting');
    const word = token.load();
    const socket = new WebSocket(this.#address(), word ? ['auralis-v2', `auralis-token.${word}`] : 'auralis-v2');
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.greeted = false;
    const mine = (handle) => (event) => { if (this.socket === socket) handle(event); };
    socket.onmessage = mine(({ data }) => this.#receive(data));
    socket.onclose = mine((event) => this.#lost(event));
    this.#listen(2 * SILENCE_MS);
  }

  #receive(data) {
    this.#listen(SILENCE_MS);
    if (typeof data === 'string') return this.#read(data);
    const header = readHeader(data);
    if (!header) return;
    this.next = header.frame + header.frames;
    this.attempts = 0;
    this.dispatchEvent(new CustomEvent('samples', { detail: { buffer: data, header } }));
  }

  #read(text) {
    const message = JSON.parse(text);
    if ('resume' in message) this.word = message.resume;
    if (message.type === 'hello') {
      this.greeted = true;
      this.refused = 0;
      this.#become('open');
    }
    if (message.code === 'UNAUTHORIZED') token.ask();
    this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
  }

  // Comes back at once: with a token that it did not have before.
  renew() {
    const socket = this.socket;
    if (!socket) return;
    this.#lost();
    socket.close(1000);
  }

  #lost() {
    if (!this.greeted) {
      this.refused++;
      this.word = null; // perhaps another server by now: it is described the piece
    }
    this.#retry();
  }

  #retry() {
    clearTimeout(this.watch);
    this.socket = null;
    const wait = waitBefore(this.attempts++);
    this.retryAt = performance.now() + wait;
    this.#become('waiting');
    this.timer = setTimeout(() => this.#connect(), wait);
  }

  #hurry() {
    if (this.state !== 'waiting') return;
    clearTimeout(this.timer);
    this.#connect();
  }

  #listen(ms) {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => {
      const socket = this.socket;
      this.#lost();
      socket?.close();
    }, ms);
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent('state', { detail: state }));
  }
}

// Milliseconds before attempt number `count` after a loss.
export function waitBefore(count, random = Math.random()) {
  const slow = count - QUICK_MS.length;
  const base = slow < 0 ? QUICK_MS[count] : Math.min(LONGEST_MS, FIRST_MS * 2 ** slow);
  return base * (1 + SPREAD * (2 * random - 1));
}
