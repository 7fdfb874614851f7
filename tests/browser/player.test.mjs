// The page as people meet it: real Chromium, the real server, and the sound as it leaves the worklet.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RATE, Server, difference, find, firstSound, launch, open, record, render, strongestBass, until } from './lib.mjs';

const server = new Server();
let browser;

before(async () => {
  await server.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server.end();
});

const audible = (page) => page.evaluate(() => auralis.player.report.audible);
const reads = (page, address) => until(() => address.test(page.url()), 5);
const value = (page, name) => page.evaluate((key) => auralis.values[key], name);

async function done(page, { complaints = [] } = {}) {
  const unexpected = page.complaints.filter((text) => !complaints.some((known) => text.includes(known)));
  await page.context().close();
  assert.deepEqual(unexpected, []);
}

test('sound within 2 s, and a minute of it equals the offline render sample for sample', async () => {
  const page = await open(browser, server, '#seed=7&preset=focus');
  const wanted = render(['--seed', '7', '--preset', 'focus'], 64);
  let pressed;
  const heard = await record(page, 66, async () => {
    pressed = await page.evaluate(() => {
      document.querySelector('#play').click();
      return auralis.player.context.currentTime;
    });
  });
  const start = firstSound(heard.left), origin = firstSound(wanted.left);
  assert.ok(start >= 0, 'silence');
  assert.ok(start / RATE < 2 + origin / RATE, `sound after ${start / RATE} s (pressed at ${pressed})`);
  for (const side of ['left', 'right']) {
    const at = difference(heard[side], start, wanted[side], origin, 60 * RATE);
    assert.equal(at, -1, `${side}: other samples from ${at / RATE} s on`);
  }
  assert.equal(heard.underruns, 0);
  await done(page);
});

test('a card of 44,100 Hz plays at the right pitch', async () => {
  const page = await open(browser, server, '#seed=7&preset=focus', { rate: 44100 });
  await page.click('#play');
  assert.ok(await until(() => audible(page)));
  const ratio = await page.evaluate(async () => {
    const report = () => new Promise((resolve) => {
      auralis.player.addEventListener('report', ({ detail }) => resolve(detail), { once: true });
    });
    const first = await report();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const last = await report();
    return (last.frame - first.frame) / (last.time - first.time) / 48000;
  });
  assert.ok(Math.abs(ratio - 1) < 0.001, `played at ${ratio} of its speed`);
  await done(page);
});

test('the server dies and comes back: the page recovers by itself and the piece goes on', async () => {
  const page = await open(browser, server, '#seed=11&preset=meditation');
  await page.click('#play');
  assert.ok(await until(() => audible(page)));
  await sleep(2000);
  const before = await page.evaluate(() => auralis.player.report.frame);
  await server.kill();
  assert.ok(await until(() => page.evaluate(() => !auralis.player.report.audible)), 'the buffer ends in silence');
  const stopped = await page.evaluate(() => auralis.player.report.frame);
  assert.ok(stopped > before);
  await server.start();
  assert.ok(await until(() => audible(page), 40), 'never came back');
  const resumed = await page.evaluate(() => auralis.player.report.frame);
  assert.ok(resumed >= stopped && resumed < stopped + 3 * RATE, `stopped at ${stopped}, went on at ${resumed}`);
  assert.equal(await page.textContent('#connection-text'), 'Connected');
  await done(page, { complaints: ['WebSocket connection to'] });
});

test('an outage shorter than the buffer is not heard at all', async () => {
  const page = await open(browser, server, '#seed=7&preset=focus');
  const wanted = render(['--seed', '7', '--preset', 'focus'], 14);
  const heard = await record(page, 12, async () => {
    await page.evaluate(() => document.querySelector('#play').click());
    await sleep(5000);
    await page.evaluate(() => auralis.connection.socket.dispatchEvent(new CloseEvent('close')));
  });
  const start = firstSound(heard.left), origin = firstSound(wanted.left), count = heard.left.length - start;
  assert.ok(count > 9 * RATE);
  const at = difference(heard.left, start, wanted.left, origin, 4 * RATE);
  assert.equal(at, -1);
  let worst = 0, silent = 0;
  for (let i = 0; i < count; i++) {
    worst = Math.max(worst, Math.abs(heard.left[start + i] - wanted.left[origin + i]));
    silent += heard.left[start + i] === 0 && wanted.left[origin + i] !== 0;
  }
  assert.ok(worst < 1e-4, `differs by ${worst}`); // the resumed stream is rebuilt by pre-roll
  assert.equal(silent, 0);
  await done(page);
});

test('a new key moves the bass within 5 s', async () => {
  const page = await open(browser, server, '#seed=7&preset=focus');
  await page.click('#play');
  assert.ok(await until(() => audible(page)));
  await sleep(6000);
  const old = strongestBass((await record(page, 2)).left);
  await page.selectOption('#control-key', 'G#');
  await sleep(5000);
  const now = strongestBass((await record(page, 2)).left);
  assert.notEqual(now % 12, old % 12, `the bass stays on ${now}`);
  await done(page);
});

test('pause ends in silence, and play goes on where it stopped', async () => {
  const page = await open(browser, server, '#seed=3&preset=bright');
  await page.click('#play');
  assert.ok(await until(() => audible(page)));
  await sleep(4000);
  const heard = await record(page, 2, async () => {
    await sleep(500);
    await page.evaluate(() => auralis.pause());
    await page.evaluate(() => auralis.player.context.resume()); // so that the recording can end
  });
  assert.equal(heard.left.at(-1), 0);
  assert.ok(firstSound(heard.left) >= 0, 'it did not play');
  const position = await page.evaluate(() => auralis.position);
  assert.ok(position > 3 * RATE);
  await page.click('#play');
  assert.ok(await until(() => audible(page)));
  const resumed = await page.evaluate(() => auralis.player.report.frame);
  assert.ok(resumed >= position && resumed < position + RATE, `stopped at ${position}, went on at ${resumed}`);
  await done(page);
});

test('everything works from the keyboard; undo and redo', async () => {
  const page = await open(browser, server, '#seed=5&preset=focus');
  await page.keyboard.press('?');
  assert.ok(await page.isVisible('#help'));
  await page.keyboard.press('Escape');
  assert.ok(!await page.isVisible('#help'));
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Space');
  assert.ok(await until(() => audible(page)));
  await page.focus('#control-bpm');
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  assert.equal(await value(page, 'bpm'), 63);
  assert.ok(await reads(page, /#seed=5&preset=focus&bpm=63$/), page.url());
  await page.focus('#control-enable_kicks');
  await page.keyboard.press('Space');
  assert.equal(await value(page, 'enable_kicks'), false);
  assert.ok(await until(() => page.evaluate(() => auralis.coming.size === 0)), 'the server never confirmed');
  await page.keyboard.press('Control+z');
  assert.equal(await value(page, 'enable_kicks'), true);
  await page.keyboard.press('Control+z');
  assert.equal(await value(page, 'bpm'), 62);
  await page.keyboard.press('Control+Shift+Z');
  assert.equal(await value(page, 'bpm'), 63);
  await page.focus('#control-bpm');
  await page.keyboard.press('Space');
  assert.ok(await until(() => page.evaluate(() => !auralis.playing)), 'Space on a slider pauses');
  await done(page);
});

test('without an address: a new seed, and the settings of last time', async () => {
  const page = await open(browser, server);
  assert.ok(await reads(page, /#seed/));
  const seed = /#seed=(\d+)&preset=focus$/.exec(page.url())?.[1];
  assert.ok(seed, page.url());
  await page.click('.chip:has-text("Sleep")');
  await page.fill('#control-space', '0.8');
  assert.ok(await reads(page, new RegExp(`seed=${seed}&preset=sleep&space=0.8$`)), page.url());
  await page.goto('about:blank');
  await page.goto(server.address);
  await page.waitForFunction(() => window.auralis);
  assert.ok(await reads(page, /#seed=\d+&preset=sleep&space=0.8$/), page.url());
  assert.ok(!page.url().includes(`=${seed}&`), 'the seed is another one');
  assert.equal(await page.getAttribute('.chip:has-text("Sleep")', 'aria-pressed'), 'true');
  await done(page);
});

test('warnings are shown; presets are saved, loaded and deleted', async () => {
  const page = await open(browser, server, '#seed=1&preset=meditation');
  await page.click('#play');
  assert.ok(await until(() => audible(page)));
  await page.fill('#control-intensity', '0.2');
  await page.fill('#control-melody_complexity', '0.9');
  assert.ok(await until(async () => /musicality/.test(await page.textContent('#warnings'))));
  await page.fill('#preset-name', 'Rain on “glass” <b>');
  await page.click('#preset-save');
  const chip = page.locator('.chip', { hasText: 'Rain on “glass” <b>' });
  assert.ok(await until(async () => await chip.getAttribute('aria-pressed', { timeout: 5000 }) === 'true'));
  await page.click('.chip:has-text("Bright")');
  assert.ok(await until(async () => await page.textContent('#warnings') === ''));
  await chip.click();
  assert.equal(await value(page, 'melody_complexity'), 0.9);
  await page.click('#preset-delete');
  assert.ok(await until(async () => await chip.count() === 0));
  await done(page);
});

test('the station is shared: what one turns, the other sees', async () => {
  const one = await open(browser, server, '#station=main'), two = await open(browser, server, '#station=main');
  for (const page of [one, two]) {
    await page.click('#play');
    assert.ok(await until(() => audible(page)));
  }
  await one.fill('#control-bpm', '47');
  assert.ok(await until(async () => await value(two, 'bpm') === 47));
  assert.equal(await two.inputValue('#control-bpm'), '47');
  await two.focus('#control-bpm');
  await two.keyboard.press('ArrowRight');
  assert.ok(await until(async () => await value(one, 'bpm') === 48));
  assert.ok(await one.isDisabled('#undo'), 'what another turned is not mine to undo');
  await two.check('input[value=own]');
  assert.ok(await until(() => two.evaluate(() => auralis.own && auralis.player.report.audible)));
  assert.equal(await value(two, 'bpm'), 60, 'my own settings are back');
  assert.ok(await reads(two, /#seed=\d+&preset=focus$/), two.url());
  await done(one);
  await done(two);
});

test('a station whose server wants a token is turned with one, and the page asks only then', async () => {
  const guarded = new Server(), word = 'a-token-of-the-operator-0123456789';
  await guarded.start({ AURALIS_TOKENS: word });
  try {
    const page = await open(browser, guarded, '#station=main'), tempo = async () =>
      (await (await fetch(guarded.address + '/api/status')).json()).parameters.bpm;
    await page.click('#play');
    assert.ok(await until(() => audible(page)));
    assert.ok(await page.isHidden('#token'), 'nobody is asked before');
    const before = await tempo();
    await page.fill('#control-bpm', '47');
    assert.ok(await until(() => page.isVisible('#token')));
    assert.equal(await tempo(), before);
    await page.fill('#token', word);
    await page.press('#token', 'Enter');
    assert.ok(await until(() => page.evaluate(() => auralis.connection.state === 'open')));
    await page.fill('#control-bpm', '48');
    assert.ok(await until(async () => await tempo() === 48));
    await done(page);
  } finally {
    await guarded.end();
  }
});

test('every control has a name, a phone needs no sideways scroll, nothing moves while it plays', async () => {
  const page = await open(browser, server, '#seed=2&preset=focus', { viewport: { width: 375, height: 812 }, hasTouch: true });
  const nameless = await page.$$eval('input, select, button', (all) => all.filter((element) =>
    !element.labels?.[0]?.textContent.trim() && !element.getAttribute('aria-label') && !element.textContent.trim()).map((e) => e.id));
  assert.deepEqual(nameless, []);
  const table = (await (await fetch(server.address + '/api/parameters')).json()).parameters;
  for (const { name } of table) assert.equal(await page.locator(`#control-${name}`).count(), 1, name);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  assert.deepEqual(await page.$$eval('.chip', (all) => all.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)), []);
  const height = () => page.evaluate(() => document.documentElement.scrollHeight);
  const before = await height();
  await page.tap('#play');
  assert.ok(await until(() => audible(page)));
  assert.ok(await until(async () => /\S/.test(await page.textContent('#chord'))), 'no chord is shown');
  assert.equal(await height(), before);
  await done(page);
});

test('an address that is pasted is followed, and New piece goes elsewhere, both while playing', async () => {
  const page = await open(browser, server, '#seed=8&preset=drift');
  await page.click('#play');
  assert.ok(await until(() => audible(page)));
  await page.evaluate(() => { location.hash = '#seed=9&preset=sleep&bpm=44'; });
  assert.ok(await until(() => page.evaluate(() => auralis.piece.seed === '9' && auralis.player.report.audible)));
  assert.equal(await value(page, 'bpm'), 44);
  assert.ok(await until(() => page.evaluate(() => auralis.player.report.frame < 10 * 48000)), 'from its beginning');
  await page.click('#new-piece');
  assert.ok(await until(() => page.evaluate(() => auralis.piece.seed !== '9' && auralis.player.report.audible)));
  assert.ok(await reads(page, /#seed=\d+&preset=sleep&bpm=44$/), page.url());
  assert.equal(await value(page, 'bpm'), 44, 'the settings stay');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.click('#copy-link');
  assert.ok(await until(async () => /Link copied/.test(await page.textContent('#notice'))));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), page.url());
  await done(page);
});

test('the buffer gets as deep as the tier that is asked for, without a break', async () => {
  const page = await open(browser, server, '#seed=8&preset=drift');
  await page.click('#play');
  assert.ok(await until(() => audible(page)));
  const depth = () => page.evaluate(() => auralis.player.report.depth / 48000);
  await page.selectOption('#tier', 'defensive');
  assert.ok(await until(async () => await depth() > 2.6));
  await sleep(1100);
  await page.selectOption('#tier', 'minimal');
  assert.ok(await until(async () => await depth() < 1.2));
  assert.equal(await page.evaluate(() => auralis.player.report.underruns), 0);
  await done(page);
});

test('where motion is unwanted the picture stands still', async () => {
  const page = await open(browser, server, '#seed=8&preset=drift', { reducedMotion: 'reduce' });
  const picture = () => page.evaluate(() => document.querySelector('#visualiser').toDataURL());
  await page.click('#play');
  assert.ok(await until(() => audible(page)));
  const first = await picture();
  await sleep(500);
  assert.equal(await picture(), first);
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  assert.ok(await until(async () => await picture() !== first));
  await done(page);
});

test('the page is served whole, asked for again it has not changed, and nothing else is served', async () => {
  const first = await fetch(server.address + '/'), etag = first.headers.get('etag');
  assert.match(first.headers.get('content-type'), /^text\/html/);
  assert.equal(await first.text(), await readFile(new URL('../../web/index.html', import.meta.url), 'utf8'));
  assert.equal((await fetch(server.address + '/index.html', { headers: { 'If-None-Match': etag } })).status, 304);
  assert.equal((await fetch(server.address + '/embed.py')).status, 404);
});

test('where the page is not secure, and worklets are forbidden, it listens through <audio>', async () => {
  const context = await browser.newContext(), page = await context.newPage();
  await page.addInitScript(() => Object.defineProperty(window, 'isSecureContext', { value: false }));
  await page.goto(server.address);
  await page.click('#play');
  assert.ok(await until(() => page.evaluate(() => auralis.radio.audio.currentTime > 0.5)));
  await context.close();
});

test('where there is no way to make sound the page says why', async () => {
  const context = await browser.newContext(), page = await context.newPage();
  await page.addInitScript(() => {
    Object.defineProperty(window, 'isSecureContext', { value: false });
    HTMLMediaElement.prototype.canPlayType = () => '';
  });
  await page.goto(server.address);
  assert.ok(await until(async () => /https/.test(await page.textContent('#notice'))));
  assert.ok(await page.isDisabled('#play'));
  await context.close();
});

test('a worklet that does not start, or stops, is reported', async () => {
  const page = await open(browser, server, '#seed=1');
  await page.evaluate(() => {
    window.kept = AudioWorklet.prototype.addModule;
    AudioWorklet.prototype.addModule = () => Promise.reject(new Error('The module is broken.'));
  });
  await page.click('#play');
  assert.ok(await until(async () => /broken/.test(await page.textContent('#notice'))));
  assert.equal(await page.getAttribute('#play', 'aria-label'), 'Play');
  await page.evaluate(() => { AudioWorklet.prototype.addModule = window.kept; });
  await page.click('#play');
  assert.ok(await until(() => audible(page)), 'the second attempt works');
  await page.evaluate(() => auralis.player.node.dispatchEvent(new Event('processorerror')));
  assert.ok(await until(async () => /stopped with an error/.test(await page.textContent('#notice'))));
  assert.equal(await page.getAttribute('#play', 'aria-label'), 'Play');
  await page.click('#play');
  assert.ok(await until(() => page.evaluate(() => auralis.playing && auralis.player.context.state === 'running')));
  await done(page);
});

test('the picture of the README', { skip: !process.env.AURALIS_SCREENSHOT }, async () => {
  const page = await open(browser, server, '#seed=7&preset=focus', { viewport: { width: 1280, height: 860 }, deviceScaleFactor: 1.5 });
  await page.click('#play');
  await sleep(25000);
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement.blur());
  await page.screenshot({ path: process.env.AURALIS_SCREENSHOT });
  await done(page);
});
