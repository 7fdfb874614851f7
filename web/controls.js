// controls.js — one control for every parameter of the server's table.
//
// Nothing here knows what a parameter means: type, range, unit, choices and help come from the table, so a parameter that is
// added to the server appears on the page. Only the grouping is ours; what it does not name goes under “More”.
//
// Events: 'turn' (detail: {name, value}) while something is turned, 'settle' when it is let go.

const GROUPS = [
  ['Flow', ['bpm', 'intensity', 'melody_complexity', 'harmonic_density', 'chord_progression_variety']],
  ['Harmony', ['key', 'mode', 'height', 'first_chord', 'last_chord']],
  ['Sound', ['brightness', 'space', 'level']],
  ['Layers', ['enable_pads', 'pad_timbre', 'bass_timbre', 'enable_melody', 'lead_timbre', 'bell_timbre', 'enable_kicks',
    'kick_timbre', 'enable_swells', 'swell_timbre']],
];

export class Controls extends EventTarget {
  constructor(form, table) {
    super();
    this.shown = new Map(); // name → function that shows a value
    this.boxes = new Map(); // name → the element around the control
    form.replaceChildren(...group(table).map(([title, infos]) => this.#fieldset(title, infos)));
    form.addEventListener('submit', (event) => event.preventDefault());
  }

  show(values) {
    for (const [name, value] of Object.entries(values)) this.shown.get(name)?.(value);
  }

  // Marks those that were turned but are not heard yet.
  mark(names) {
    for (const [name, box] of this.boxes) box.classList.toggle('coming', names.has(name));
  }

  #fieldset(title, infos) {
    const fieldset = make('fieldset', { className: `group group-${title.toLowerCase()}` });
    fieldset.append(make('legend', { textContent: title }), ...infos.map((info) => this.#control(info)));
    return fieldset;
  }

  #control(info) {
    const id = `control-${info.name}`, box = make('div', { className: `control ${info.type}`, title: info.help });
    const label = make('label', { htmlFor: id, textContent: info.title });
    const help = make('span', { id: `${id}-help`, className: 'hidden', textContent: info.help });
    const build = { number: slider, switch: toggle, choice: select }[info.type];
    const { input, show, parts } = build(info, id, (value) => this.#turn(info.name, value));
    input.setAttribute('aria-describedby', help.id);
    input.addEventListener('change', () => this.dispatchEvent(new Event('settle')));
    box.append(label, ...parts, help);
    this.shown.set(info.name, show);
    this.boxes.set(info.name, box);
    return box;
  }

  #turn(name, value) { this.dispatchEvent(new CustomEvent('turn', { detail: { name, value } })); }
}

function group(table) {
  const named = new Set(GROUPS.flatMap(([, names]) => names)), find = (name) => table.find((info) => info.name === name);
  const rest = table.filter((info) => !named.has(info.name));
  const groups = GROUPS.map(([title, names]) => [title, names.map(find).filter(Boolean)]);
  return [...groups, ['More', rest]].filter(([, infos]) => infos.length > 0);
}

function slider(info, id, turn) {
  const span = info.maximum - info.minimum, step = span > 1 ? 1 : 0.01;
  const input = make('input', { id, type: 'range', min: info.minimum, max: info.maximum, step });
  const output = make('output', { className: 'value', htmlFor: id });
  const show = (value) => {
    input.value = value;
    output.value = numberText(info, value);
    input.setAttribute('aria-valuetext', output.value);
    input.style.setProperty('--filled', `${(value - info.minimum) / span * 100}%`);
  };
  input.addEventListener('input', () => {
    show(input.valueAsNumber);
    turn(input.valueAsNumber);
  });
  return { input, show, parts: [output, input] };
}

function toggle(info, id, turn) {
  const input = make('input', { id, type: 'checkbox' });
  input.setAttribute('role', 'switch');
  input.addEventListener('input', () => turn(input.checked));
  return { input, show: (value) => { input.checked = value; }, parts: [input] };
}

function select(info, id, turn) {
  const input = make('select', { id });
  input.append(...info.choices.map((choice) => new Option(choiceText(choice), choice)));
  input.addEventListener('input', () => turn(input.value));
  return { input, show: (value) => { input.value = value; }, parts: [input] };
}

// Shares are read as percent, everything else with its unit.
function numberText(info, value) {
  if (info.minimum === 0 && info.maximum === 1 && !info.unit) return `${Math.round(value * 100)} %`;
  const text = String(Math.round(value * 100) / 100).replace('-', '−');
  return info.unit ? `${text} ${info.unit}` : text;
}

// Words get a capital; degrees (“iv”) and keys stay as they are written in music.
function choiceText(choice) {
  const word = /^[a-z]{3,}$/.test(choice) ? choice[0].toUpperCase() + choice.slice(1) : choice;
  return word.replace('#', '♯');
}

export function make(tag, properties) { return Object.assign(document.createElement(tag), properties); }
