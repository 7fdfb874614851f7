// address.js — the piece in the address bar: #seed=7&preset=sleep&bpm=54, or #station=main.
//
// Whoever opens such an address hears the same music. Only what differs from the preset is written, so addresses stay
// short enough to read.

const SEED = /^\d{1,20}$/;
const MOST = 2n ** 64n - 1n;

export function randomSeed() { return String(crypto.getRandomValues(new Uint32Array(1))[0]); }

export function validSeed(text) { return SEED.test(text) && BigInt(text) <= MOST; }

// {station, seed, preset, parameters, problems}: absent parts are null; problems are sentences for people.
export function readAddress(hash, table) {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const found = { station: null, seed: null, preset: null, parameters: {}, problems: [] };
  for (const [name, value] of query) {
    if (name === 'station' || name === 'preset') found[name] = value;
    else if (name === 'seed') readSeed(found, value);
    else readParameter(found, table.find((info) => info.name === name), name, value);
  }
  return found;
}

function readSeed(found, value) {
  if (validSeed(value)) found.seed = String(BigInt(value));
  else found.problems.push(`The address has the seed “${value}”; a seed is a whole number from 0 to ${MOST}.`);
}

function readParameter(found, info, name, value) {
  if (!info) return found.problems.push(`The address names “${name}”, which is no parameter.`);
  const parsed = parse(info, value);
  if (parsed === undefined) found.problems.push(`The address sets ${info.title} to “${value}”, which is not possible.`);
  else found.parameters[name] = parsed;
}

function parse(info, text) {
  if (info.type === 'choice') return info.choices.find((choice) => choice === text);
  if (info.type === 'switch') return { on: true, true: true, 1: true, off: false, false: false, 0: false }[text];
  const number = text.trim() === '' ? NaN : Number(text);
  return number >= info.minimum && number <= info.maximum ? number : undefined;
}

// What must be said to get these values: {preset, …differences}. A user's own preset is not named: it exists only here.
export function describe(table, values, preset) {
  const shared = preset?.builtin ? preset : null, query = shared ? { preset: shared.name } : {};
  for (const info of table) {
    const value = values[info.name];
    if (value === (shared ? shared.parameters[info.name] : info.initial)) continue;
    query[info.name] = info.type === 'switch' ? (value ? 'on' : 'off') : String(value);
  }
  return query;
}

export function hashOf(piece) { return '#' + new URLSearchParams(piece); }
