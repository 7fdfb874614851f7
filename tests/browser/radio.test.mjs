// The page on a phone: music through <audio> as plain HTTP, titles for the lock screen, and the sleep timer on both paths.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { devices } from 'playwright-core';
import { Server, launch, open, until } from './lib.mjs';

const server = new Server();
const { defaultBrowserType, ...phone } = devices['Pixel 7'];
let browser;

before(async () => {
  await server.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server.end();
});

const time = (page) => page.evaluate(() => auralis.radio.audio.currentTime);
const source = (page) => page.evaluate(() => auralis.radio.audio.src);

/** How loud the element is over some seconds, as decoded. */
const loudness = (page, seconds) => page.evaluate(async (length) => {
  const context = new AudioContext(), node = context.createMediaStreamSource(auralis.radio.audio.captureStream());
  const analyser = new AnalyserNode(context, { fftSize: 2048 }), samples = new Float32Array(2048);
  node.connect(analyser);
  await context.resume();
  let most = 0;
  for (const end = performance.now() + length * 1000; performance.now() < end; await new Promise((done) => setTimeout(done, 50))) {
    analyser.getFloatTimeDomainData(samples);
    most = Math.max(most, ...samples.map(Math.abs));
  }
  await context.close();
  return most;
}, seconds);

async function plays(page) {
  assert.ok(await until(async () => (await time(page)) > 0.5, 15), 'it never began');
  const [a, at] = [await time(page), Date.now()];
  await sleep(1500);
  const advanced = await time(page) - a, passed = (Date.now() - at) / 1000;
  assert.ok(Math.abs(advanced - passed) < 0.5, `${advanced} s of music in ${passed} s`);
  assert.ok(await loudness(page, 1.5) > 0.01, 'silence');
}

async function done(page) {
  const { complaints } = page;
  await page.context().close();
  assert.deepEqual(complaints.filter((text) => !/net::|404|Failed to load/.test(text)), []);
}

test('a phone plays its own piece, turns it, pauses and goes on where it was', async () => {
  const page = await open(browser, server, '#seed=7&preset=focus', phone);
  assert.equal(await page.evaluate(() => auralis.radio !== null && auralis.player.context === null), true);
  await page.tap('#play');
  await plays(page);
  assert.match(await source(page), /\/listen\.opus\?seed=7&preset=focus&start=0$/);
  assert.equal(await page.textContent('#connection-text'), 'Connected');
  assert.equal(await page.evaluate(() => navigator.mediaSession.metadata.title), 'Piece 7');
  assert.equal(await page.evaluate(() => navigator.mediaSession.playbackState), 'playing');
  const before = await page.evaluate(() => auralis.radio.frame);
  await page.evaluate(() => auralis.set({ bpm: 90 }));
  assert.ok(await until(async () => /bpm=90/.test(await source(page)), 5), 'the piece is asked for anew');
  const from = Number(new URL(await source(page)).searchParams.get('start'));
  assert.ok(from > before && from < before + 5 * 48000, `from ${from}, heard ${before}`);
  await plays(page);
  await page.tap('#play');
  assert.ok(await until(() => page.evaluate(() => !auralis.playing && auralis.radio.address === null), 5));
  const position = await page.evaluate(() => auralis.position);
  assert.ok(position > from);
  assert.ok(await until(async () => Number((await (await fetch(server.address + '/metrics')).text()).match(/http_listeners\{format="opus"\} (\d+)/)[1]) === 0), 'the connection is let go');
  await page.tap('#play');
  await plays(page);
  assert.equal(Number(new URL(await source(page)).searchParams.get('start')), position);
  await done(page);
});

test('a phone plays the station, and comes back when the server was gone', async () => {
  const page = await open(browser, server, '#station=main', phone);
  await page.tap('#play');
  await plays(page);
  assert.match(await source(page), /\/stations\/main\.opus$/);
  assert.equal(await page.evaluate(() => navigator.mediaSession.metadata.title), 'Station main');
  await server.kill();
  assert.ok(await until(async () => (await page.textContent('#connection-text')) === 'Reconnecting', 20), 'the loss is shown');
  await server.start();
  assert.ok(await until(async () => (await page.textContent('#connection-text')) === 'Connected', 40), 'it never came back');
  await plays(page);
  await done(page);
});

test('the sleep timer fades slowly and stops, on a phone and on a desk', async () => {
  for (const options of [phone, {}]) {
    const page = await open(browser, server, '#seed=7&preset=focus', options);
    await page.click('#play');
    const level = () => page.evaluate(() => (auralis.radio ? auralis.radio.audio.volume : auralis.player.gain?.gain.value ?? 0));
    assert.ok(await until(async () => (await level()) > 0.9 && page.evaluate(() => auralis.radio?.audio.currentTime > 0 || auralis.player.report.audible), 15));
    await page.selectOption('#sleep', '15');
    assert.match(await page.textContent('#sleep-left'), /Silence in 15 minutes/);
    await page.selectOption('#sleep', '0');
    assert.match(await page.textContent('#sleep-left'), /last minute fades/);
    await page.evaluate(async () => {
      const { SleepTimer } = await import('/sleep.js');
      window.timer = new SleepTimer(auralis);
      window.timer.set(6 / 60, 6);
    });
    const levels = [];
    while (levels.length < 60 && await page.evaluate(() => auralis.playing)) {
      levels.push(await level());
      await sleep(200);
    }
    assert.equal(await page.evaluate(() => auralis.playing), false, 'it stops');
    const heard = levels.filter((value) => value > 0.02);
    assert.ok(heard.length > 10 && heard.some((value) => value > 0.3 && value < 0.7), `${levels}`);
    heard.slice(1).forEach((value, i) => assert.ok(value < heard[i] + 0.02 && value > heard[i] - 0.35, `a step in ${heard}`));
    assert.ok(await until(() => page.evaluate(() => (auralis.radio ?? auralis.player).volume === 1), 5), 'the next play is as loud as before');
    await done(page);
  }
});
