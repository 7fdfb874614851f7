// notice.js — a short sentence at the foot of the page, read aloud by screen readers, gone after a while.
//
// What must be acted on stays until it is replaced.

const LONG_ENOUGH_MS = 6000;

export class Notice {
  constructor(element) { this.element = element; }

  say(text, { stay = false } = {}) {
    clearTimeout(this.timer);
    this.element.textContent = text;
    this.element.classList.toggle('shown', text !== '');
    if (!stay && text) this.timer = setTimeout(() => this.say(''), LONG_ENOUGH_MS);
  }
}
