// store.js — what this browser remembers: the preset, the parameters and what was listened to.
//
// Storage may be forbidden, full or hold nonsense; the page works all the same and simply forgets.

const NAME = 'auralis';

export function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME));
    return kept && typeof kept === 'object' ? kept : {};
  } catch {
    return {};
  }
}

export function save(settings) {
  try {
    localStorage.setItem(NAME, JSON.stringify({ ...load(), ...settings }));
  } catch { /* nothing to be done, and nothing lost */ }
}
