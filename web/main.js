// main.js — puts the page together: what the hand does goes to the session, what the session says is shown.

import * as address from './address.js';
import * as api from './api.js';
import * as store from './store.js';
import * as token from './token.js';
import { Controls } from './controls.js';
import { History } from './history.js';
import { Notice } from './notice.js';
import { Presets } from './presets.js';
import { Session } from './session.js';
import { SleepTimer } from './sleep.js';
import { Status } from './status.js';
import { Visualiser } from './visualiser.js';
import { showToSystem } from './media.js';
import { whyNoSound } from './player.js';

const STATION = 'main';
const FIRST_PRESET = 'focus';
const MEMORY_MS = 300;

// The elements of the page under their ids in camel case.
const page = Object.fromEntries([...document.querySelectorAll('[id]')]
  .map((element) => [element.id.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()), element]));
const notice = new Notice(page.notice);

async function begin() {
  const [table, list] = await patiently(() => Promise.all([api.getParameters(), api.getPresets()]));
  const app = { session: new Session(table), controls: new Controls(page.controls, table), status: new Status(page) };
  app.presets = new Presets(page.presets, page.presetHelp);
  app.visualiser = new Visualiser(page.visualiser, () => app.session.player.analyser);
  app.presets.fill(list);
  readPiece(app);
  app.history = new History(snapshot(app));
  showSession(app);
  listenToHand(app);
  listenToKeys(app);
  showValues(app);
  app.sleep = new SleepTimer(app.session);
  listenToSleep(app);
  listenToToken(app);
  showToSystem(app.session, { newPiece: () => newPiece(app) });
  const why = whyNoSound();
  if (why && !app.session.radio?.playable) refuse(why);
  window.auralis = app.session; // for the console, and for tests
}

// The server may be restarting just now.
async function patiently(task) {
  for (let wait = 1; ; wait = Math.min(16, wait * 2)) {
    try {
      return await task();
    } catch (error) {
      notice.say(`The server does not answer: ${error.message}. Trying again.`, { stay: true });
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      notice.say('');
    }
  }
}

function refuse(why) {
  page.play.disabled = true;
  page.connectionText.textContent = 'No sound here';
  notice.say(why, { stay: true });
}

// What to play: the address says; without one, what this browser remembers, and a new seed.
function readPiece(app) {
  const { session, presets } = app, kept = store.load(), asked = address.readAddress(location.hash, session.table);
  const fresh = location.hash.length < 2 || asked.station !== null; // an address of a station says nothing of one's own piece
  const wanted = asked.preset ?? (fresh ? kept.preset ?? FIRST_PRESET : null);
  session.preset = presets.find(wanted);
  if (wanted && !session.preset) asked.problems.push(`There is no preset “${wanted}” here.`);
  const defaults = Object.fromEntries(session.table.map((info) => [info.name, info.initial]));
  const remembered = fresh ? known(session.table, kept.values) : {};
  Object.assign(session.values, defaults, session.preset?.parameters, remembered, asked.parameters);
  session.tier = kept.tier ?? 'normal';
  const station = asked.station ?? (fresh ? kept.station : null) ?? null;
  session.piece = { station, seed: asked.seed ?? address.randomSeed() };
  app.own = snapshot(app);
  if (asked.problems.length) notice.say(asked.problems.join(' '));
}

// Of remembered values those that the table still allows.
function known(table, values) {
  const allowed = table.filter(({ name, type, choices, minimum, maximum }) => {
    const value = values?.[name];
    if (type === 'number') return value >= minimum && value <= maximum;
    return type === 'choice' ? choices.includes(value) : typeof value === 'boolean';
  });
  return Object.fromEntries(allowed.map(({ name }) => [name, values[name]]));
}

function snapshot({ session }) { return { values: { ...session.values }, preset: session.preset?.name ?? null }; }

// ---- what is shown

function showSession(app) {
  const { session, status, controls, visualiser } = app;
  session.addEventListener('values', () => showValues(app));
  session.addEventListener('turned', () => forgetSteps(app));
  session.addEventListener('coming', ({ detail }) => controls.mark(detail));
  session.addEventListener('problem', ({ detail }) => notice.say(detail));
  session.addEventListener('tier', ({ detail }) => status.tier(detail));
  session.addEventListener('warnings', ({ detail }) => showWarnings(detail));
  session.addEventListener('playing', () => {
    page.play.setAttribute('aria-label', session.playing ? 'Pause' : 'Play');
    page.play.classList.toggle('playing', session.playing);
    visualiser.set(session.playing);
    if (!session.playing) status.forget();
  });
  for (const line of [session.connection, session.radio])
    line?.addEventListener('state', ({ detail }) => status.connection(detail));
  session.radio?.addEventListener('filling', ({ detail }) => page.play.classList.toggle('waiting', session.playing && detail));
  session.addEventListener('piece', () => status.forget());
  session.connection.addEventListener('hello', () => status.await());
  session.connection.addEventListener('status', ({ detail }) => status.music(detail));
  session.player.addEventListener('report', ({ detail }) => {
    page.play.classList.toggle('waiting', session.playing && !detail.audible);
    if (session.playing) status.line(detail, session.player);
  });
  status.tier(session.tier);
}

function showValues(app) {
  const { session, controls, presets } = app, { values, piece } = session;
  const differs = (other) => session.table.some(({ name }) => values[name] !== other.parameters[name]);
  const preset = session.own ? session.preset : presets.list.find((other) => !differs(other)) ?? null;
  controls.show(values);
  presets.show(preset, preset !== null && differs(preset), session.own);
  page.presetDelete.disabled = !preset || preset.builtin;
  page.piece.textContent = session.own ? `Piece ${piece.seed}` : `Station ${piece.station}`;
  page.newPiece.disabled = !session.own;
  for (const radio of document.getElementsByName('source')) radio.checked = (radio.value === 'own') === session.own;
  app.memory ??= setTimeout(() => remember(app), MEMORY_MS);
}

// Into the address bar and this browser's storage: not at every step of a slider, which browsers resent.
function remember(app) {
  clearTimeout(app.memory);
  app.memory = null;
  const { session } = app, { description, preset, values, piece, tier } = session, hash = address.hashOf(description);
  if (location.hash !== hash) history.replaceState(null, '', hash);
  store.save({ ...(session.own ? { preset: preset?.name ?? null, values } : {}), station: piece.station, tier });
}

function showWarnings(list) {
  const text = list.map((warning) => `These settings ${warning}.`).join(' ');
  if (page.warnings.textContent !== text) page.warnings.textContent = text;
}

function showHistory({ history }) {
  page.undo.disabled = !history.canUndo;
  page.redo.disabled = !history.canRedo;
}

// ---- what the hand does

function listenToHand(app) {
  const { session, controls, presets } = app;
  page.play.addEventListener('click', () => playOrPause(app));
  controls.addEventListener('turn', ({ detail: { name, value } }) => session.set({ [name]: value }));
  controls.addEventListener('settle', () => record(app));
  presets.addEventListener('choose', ({ detail }) => choosePreset(app, detail));
  page.undo.addEventListener('click', () => step(app, app.history.undo()));
  page.redo.addEventListener('click', () => step(app, app.history.redo()));
  page.newPiece.addEventListener('click', () => newPiece(app));
  page.copyLink.addEventListener('click', () => copyLink(app));
  page.presetSave.addEventListener('click', () => savePreset(app));
  page.presetName.addEventListener('keydown', ({ key }) => { if (key === 'Enter') savePreset(app); });
  page.presetDelete.addEventListener('click', () => deletePreset(app));
  page.tier.addEventListener('change', () => {
    session.setTier(page.tier.value);
    remember(app);
  });
  page.helpOpen.addEventListener('click', () => page.help.showModal());
  for (const radio of document.getElementsByName('source')) radio.addEventListener('change', () => chooseSource(app, radio.value));
  window.addEventListener('hashchange', () => followAddress(app));
  window.addEventListener('pagehide', () => remember(app));
}

function newPiece({ session }) { return session.choose({ station: null, seed: address.randomSeed() }); }

function listenToSleep({ sleep }) {
  const quiet = page.sleepLeft.textContent;
  const show = () => {
    const left = sleep.secondsLeft;
    page.sleepLeft.textContent = left === null ? quiet : `Silence in ${left < 90 ? `${Math.ceil(left)} s` : `${Math.round(left / 60)} minutes`}.`;
    if (left === null) page.sleep.value = '0';
  };
  page.sleep.addEventListener('change', () => sleep.set(Number(page.sleep.value)));
  sleep.addEventListener('change', show);
  setInterval(() => { if (sleep.secondsLeft !== null) show(); }, 1000);
}

// Only whoever the server has refused is asked for a token.
function listenToToken({ session }) {
  const show = () => { page.tokenRow.hidden = false; };
  token.asks.addEventListener('token', show);
  page.token.value = token.load();
  if (page.token.value) show();
  page.token.addEventListener('change', () => {
    token.save(page.token.value.trim());
    session.connection.renew();
    notice.say('From now on the server is shown this token.');
  });
}

function playOrPause({ session }) { return session.playing ? session.pause() : session.play(); }

function record(app) {
  app.history.record(snapshot(app));
  showHistory(app);
}

function choosePreset(app, preset) {
  app.session.preset = preset;
  app.session.set({ ...preset.parameters });
  showValues(app);
  record(app);
}

function step(app, found) {
  if (!found) return;
  app.session.preset = app.presets.find(found.preset);
  app.session.set(found.values);
  showValues(app);
  showHistory(app);
}

// The settings of one's own piece wait while the station is heard.
async function chooseSource(app, source) {
  const { session } = app, station = source === 'station' ? STATION : null, { seed } = session.piece;
  if (session.own) app.own = snapshot(app);
  else if (app.own) {
    session.values = { ...app.own.values };
    session.preset = app.presets.find(app.own.preset);
  }
  await session.choose({ station, seed });
  forgetSteps(app);
}

// Undo must not take back what others turned.
function forgetSteps(app) {
  app.history = new History(snapshot(app));
  showHistory(app);
}

// Someone typed or pasted another address.
async function followAddress(app) {
  clearTimeout(app.memory); // what was to be written there no longer counts
  app.memory = null;
  const before = { ...app.session.values }, { session } = app, was = { ...session.piece };
  readPiece(app);
  const piece = session.piece, values = session.values;
  Object.assign(session, { piece: was, values: before });
  if (piece.seed !== was.seed || piece.station !== was.station) {
    session.values = values;
    await session.choose(piece);
  } else session.set(values);
  showValues(app);
  record(app);
}

async function copyLink(app) {
  remember(app);
  try {
    await navigator.clipboard.writeText(location.href);
    notice.say('Link copied. Whoever opens it hears this piece.');
  } catch {
    notice.say('The browser does not let the page copy; the link stands in the address bar.');
  }
}

async function savePreset(app) {
  const name = page.presetName.value.trim();
  if (!name) {
    page.presetName.focus();
    return notice.say('A preset needs a name of 1 to 50 characters.');
  }
  try {
    await api.savePreset(name, app.session.values);
    app.presets.fill(await api.getPresets());
    app.session.preset = app.presets.find(name);
    page.presetName.value = '';
    showValues(app);
    notice.say(`Saved as “${name}”.`);
  } catch (error) {
    notice.say(error.message);
  }
}

async function deletePreset(app) {
  const name = page.presets.querySelector('[aria-pressed=true]')?.value;
  try {
    await api.deletePreset(name);
    app.presets.fill(await api.getPresets());
    app.session.preset = null;
    showValues(app);
    notice.say(`“${name}” is deleted; its settings stay until you change them.`);
  } catch (error) {
    notice.say(error.message);
  }
}

// ---- keys

function listenToKeys(app) {
  document.addEventListener('keydown', (event) => {
    if (page.help.open || event.altKey) return;
    const action = keyAction(event, app);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function keyAction(event, app) {
  const typing = event.target.matches('input[type=text], input[type=password]');
  if (event.ctrlKey || event.metaKey) {
    if (event.key.toLowerCase() !== 'z' || typing) return null;
    return () => step(app, event.shiftKey ? app.history.redo() : app.history.undo());
  }
  if (typing) return null;
  if (event.key === '?') return () => page.help.showModal();
  const usesSpace = event.target.matches('button, select, summary, input:not([type=range])');
  return event.key === ' ' && !usesSpace && !page.play.disabled ? () => playOrPause(app) : null;
}

begin();
