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

  // Which one is on (null: none), and whether it has been changed since.
  show(preset, edited, own) {
    for (const [key, chip] of this.chips) {
      chip.setAttribute('aria-pressed', key === preset?.name);
      chip.classList.toggle('edited', key === preset?.name && edited);
    }
    this.help.textContent = own ? ownText(preset, edited) : 'Everyone who listens hears what you turn here.';
  }

  #chip(preset) {
    const chip = make('button', { type: 'button', className: 'chip', value: preset.name, title: preset.help ?? '' });
    chip.textContent = preset.title || preset.name;
    chip.addEventListener('click', () => this.dispatchEvent(new CustomEvent('choose', { detail: preset })));
    return chip;
  }
}

function ownText(preset, edited) {
  if (!preset) return 'Settings of your own.';
  if (edited) return `${preset.title || preset.name}, with changes of yours.`;
  return preset.help || 'A preset of your own.';
}
