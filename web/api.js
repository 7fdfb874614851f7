// api.js — the few questions asked over HTTP: the table of parameters and the presets.

import * as token from './token.js';

async function ask(path, options = {}) {
  const word = token.load(), allowed = word ? { Authorization: `Bearer ${word}` } : {};
  const response = await fetch(path, { ...options, headers: { ...options.headers, ...allowed } });
  const body = await response.json().catch(() => null);
  if (response.status === 401) token.ask();
  if (!response.ok) throw new Error(body?.error?.message ?? `The server answered ${response.status}.`);
  return body;
}

function post(path, body) {
  return ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

// [{name, title, unit, help, type, minimum, maximum, choices, initial}]
export async function getParameters() {
  const { parameters } = await ask('api/parameters');
  return parameters.map(({ default: initial, ...info }) => ({ ...info, initial }));
}

// [{name, title, help, builtin, parameters}]
export async function getPresets() { return (await ask('api/presets')).presets; }

export function savePreset(name, parameters) { return post('api/presets', { name, parameters }); }

export function deletePreset(name) { return ask('api/presets/' + encodeURIComponent(name), { method: 'DELETE' }); }

export function controlStation(station, parameters) { return post('api/control', { station, ...parameters }); }

export function isHealthy() { return fetch('healthz').then(({ ok }) => ok, () => false); }
