// The page by HTTPS: Chromium speaks HTTP/2 to the server, its socket runs inside the same connection, and what leaves the
// worklet is the piece, sample for sample.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { RATE, Server, difference, firstSound, launch, open, record, render } from './lib.mjs';

const server = new Server();
let browser;

before(async () => {
  const key = join(server.state, 'key.pem'), certificate = join(server.state, 'cert.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key,
    '-out', certificate, '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  await server.start({ AURALIS_TLS_CERTIFICATE: certificate, AURALIS_TLS_KEY: key });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server.end();
});

test('the page over HTTP/2 and TLS plays every sample', async () => {
  const page = await open(browser, server, '#seed=7&preset=focus', { ignoreHTTPSErrors: true });
  const wanted = render(['--seed', '7', '--preset', 'focus'], 14);
  const heard = await record(page, 12, () => page.click('#play'));
  const start = firstSound(heard.left), origin = firstSound(wanted.left);
  assert.ok(start >= 0, 'silence');
  for (const side of ['left', 'right']) assert.equal(difference(heard[side], start, wanted[side], origin, 6 * RATE), -1, side);
  assert.equal(heard.underruns, 0);
  const protocols = await page.evaluate(() => performance.getEntriesByType('resource').map(({ nextHopProtocol }) => nextHopProtocol));
  assert.ok(protocols.length > 3 && protocols.every((name) => name === 'h2'), `${protocols}`);
  await page.context().close();
  assert.deepEqual(page.complaints, []);
});
