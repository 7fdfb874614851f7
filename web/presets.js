// presets.js — the row of moods: built-in ones first, then those that were saved here.
//
// Events: 'choose' (detail: the preset).

import { make } from './controls.js';

export class Presets extends EventTarget {
  constructor(row, help) {
    super();
    Object.assign(this, { row, help, list: [], chips: new Map() });
  }

  fill(list) {
    this.list = list;
    this.chips = new Map(list.map((preset) => [preset.name, this.#chip(preset)]));
    this.row.replaceChildren(...this.chips.values());
  }

  find(name) { return this.list.find((preset) => preset.name.toLowerCase() === name?.toLowerCase()) ?? null; }

  // Which one is on, and whether it has been changed since.
  show(name, edited) {
    for (const [key, chip] of this.chips) {
      chip.setAttribute('aria-pressed', key === name);
      chip.classList.toggle('edited', key === name && edited);
    }
    const preset = this.find(name), text = preset?.help || (preset ? 'Your own preset.' : 'Settings of your own.');
    this.help.textContent = edited && preset ? `${preset.title}, with changes of yours.` : text;
  }

  #chip(preset) {
    const chip = make('button', { type: 'button', className: 'chip', title: preset.help ?? '' });
    chip.textContent = preset.title || preset.name;
    chip.addEventListener('click', () => this.dispatchEvent(new CustomEvent('choose', { detail: preset })));
    return chip;
  }
}
