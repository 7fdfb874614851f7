// outbox.js — changes on their way to the server, at most twenty messages a second.
//
// A slider fires far more often than anyone hears; what is turned in between is merged, and the last position always goes
// out. A change made while the line is down is not kept here: the next connection describes all values anyway.

const SPACING_MS = 50;

export class Outbox {
  constructor(send) {
    this.send = send;
    this.pending = {};
    this.timer = null;
    this.last = -Infinity;
  }

  put(changes) {
    Object.assign(this.pending, changes);
    const wait = this.last + SPACING_MS - performance.now();
    if (wait <= 0) this.#flush();
    else this.timer ??= setTimeout(() => this.#flush(), wait);
  }

  #flush() {
    clearTimeout(this.timer);
    this.timer = null;
    const changes = this.pending;
    this.pending = {};
    if (Object.keys(changes).length === 0) return;
    this.last = performance.now();
    this.send(changes);
  }
}
