// token.js — an operator's token: who has one may turn a station's controls and keep presets on a server that asks for it.
//
// It lives as long as the tab and goes to nobody but the server. `asks` says 'token' when the server wanted one.

const NAME = 'auralis-token';
export const asks = new EventTarget();

export function load() {
  try {
    return sessionStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}

export function save(token) {
  try {
    sessionStorage.setItem(NAME, token);
  } catch { /* then it is asked for again */ }
}

export function ask() { asks.dispatchEvent(new Event('token')); }
