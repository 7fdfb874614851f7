// trust.test.mjs — who may do what, over TLS and HTTP/2 too, and what becomes of those who mean ill. The judges are curl,
// openssl and raw sockets; a listener plays on through all of it and must not lose a chunk.
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import { connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import tls from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import WebSocket from 'ws'
import { AURALIS, Client, SLOW, Server, sleep, until, within } from './helpers.mjs'

const TOKEN = 'correct-horse.battery_staple~42', WRONG = 'correct-horse.battery_staple~43'
const WEB = fileURLToPath(new URL('../../web/', import.meta.url))
const run = promisify(execFile)

async function start(t, ...options) {
  const server = await Server.start(...options)
  t.after(() => server.kill())
  return server
}

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'auralis-trust-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function file(path, text, mode = 0o600) {
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

async function ask(server, method, path, body, headers = {}) {
  const options = { method, headers: { ...headers } }
  if (body !== undefined) {
    options.body = JSON.stringify(body)
    options.headers['content-type'] = 'application/json'
  }
  const answer = await fetch(server.http + path, options), text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, body: text.startsWith('{') ? JSON.parse(text) : undefined }
}

const handshake = (server, path, protocol) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`

/** Raw bytes to the server; everything that comes back, and when the server closed (null: it did not within `ms`). */
function raw(server, bytes, ms = 5000, host = '127.0.0.1') {
  return new Promise((done) => {
    const began = performance.now(), socket = connect(server.port, host)
    let text = ''
    const end = (closed) => { socket.destroy(); clearTimeout(timer); done({ text, closed }) }
    const timer = setTimeout(() => end(null), ms)
    socket.on('connect', () => socket.write(bytes, 'latin1'))
    socket.on('data', (data) => (text += data.toString('latin1')))
    socket.on('error', () => end(performance.now() - began))
    socket.on('close', () => end(performance.now() - began))
  })
}

async function undisturbed(server, what) {
  const client = await Client.open(`${server.ws}/ws/audio/witness?seed=3&format=int16`, 'auralis-v2')
  await client.takeChunks(30)
  const result = await what(client)
  const from = client.chunks.length
  await until(() => client.chunks.length > from + 30, 'the music to go on')
  client.chunks.forEach((chunk, i) => assert.equal(chunk.sequence, i))
  assert.ok(client.chunks.every(({ discontinuity }) => !discontinuity))
  await client.close()
  return result
}

function certificate(path, name) {
  const key = join(path, 'key.pem'), cert = join(path, 'cert.pem')
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key,
    '-out', cert, '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { stdio: 'ignore' })
  return ['--tls-certificate', cert, '--tls-key', key]
}

test('HTTPS: every file of the page by HTTP/2 at once and by HTTP/1.1, the API, and no old TLS', within(60000), async (t) => {
  const path = folder(t), server = await start(t, ...certificate(path, 'localhost'))
  assert.match(server.http, /^https:/)
  const files = readdirSync(WEB).filter((name) => /\.(js|css|svg)$/.test(name)), address = `https://localhost:${server.port}`
  for (const version of ['--http2', '--http1.1']) {
    const urls = files.flatMap((name) => ['-o', join(path, name), `${address}/${name}`])
    const { stdout } = await run('curl', ['-sS', '--no-progress-meter', '--parallel', version, '--max-time', '15', '--cacert', join(path, 'cert.pem'),
      '-w', '%{http_version} %{http_code}\n', ...urls])
    assert.deepEqual(new Set(stdout.trim().split('\n')), new Set([version === '--http2' ? '2 200' : '1.1 200']))
    for (const name of files) assert.ok(readFileSync(join(path, name)).equals(readFileSync(join(WEB, name))), `${version} ${name}`)
  }
  const curl = async (...options) => (await run('curl', ['-sS', '--http2', '--max-time', '15', '--cacert', join(path, 'cert.pem'), ...options])).stdout
  assert.equal(JSON.parse(await curl(`${address}/api/control`, '--json', '{"bpm": 61}')).parameters.bpm, 61)
  assert.match(await curl(`${address}/api/control`, '--json', 'x'.repeat(20000), '-w', ' %{http_code}'), /TOO_LARGE.* 413$/s)
  assert.match(await curl(`${address}/api/control`, '--json', '{"bpm": 62}', '-H', 'Origin: https://evil.example', '-w', ' %{http_code}'), /FORBIDDEN.* 403$/s)
  const old = await run('openssl', ['s_client', '-connect', `127.0.0.1:${server.port}`, '-tls1_1']).catch((error) => error)
  assert.notEqual(old.code ?? 0, 0)
  const { text } = await raw(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 2000)
  assert.doesNotMatch(text, /200 OK/)
  await server.stop()
})

test('a hundred requests at once over one connection, asked for before any limit is known', within(60000), async (t) => {
  const server = await start(t, ...certificate(folder(t), 'localhost'))
  const session = http2.connect(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false })
  t.after(() => session.destroy())
  session.on('error', () => {})
  const statuses = await Promise.all(Array.from({ length: 100 }, () => new Promise((done) => {
    const request = session.request({ ':path': '/main.js' })
    let status
    request.on('response', (headers) => (status = headers[':status'])).on('error', ({ code }) => done(code)).on('end', () => done(status)).resume()
  })))
  assert.deepEqual(new Set(statuses), new Set([200]))
})

test('sockets over TLS carry every chunk', within(60000), async (t) => {
  const path = folder(t), server = await start(t, ...certificate(path, 'localhost'))
  const chunks = [], socket = new WebSocket(`wss://localhost:${server.port}/ws/audio/one?seed=5&chunk=9600`, 'auralis-v2', { ca: readFileSync(join(path, 'cert.pem')) })
  socket.on('message', (bytes, binary) => binary && chunks.push(bytes.readUInt32LE(12)))
  await until(() => chunks.length > 20, 'chunks over TLS')
  chunks.forEach((sequence, i) => assert.equal(sequence, i))
  socket.terminate()
})

test('a token is asked for where it must be, and nowhere is one written down', within(60000), async (t) => {
  const path = folder(t), server = await start(t, '--token-file', file(join(path, 'tokens'), `# whose\n${TOKEN} # mine\n`))
  const right = { authorization: `Bearer ${TOKEN}` }, wrong = { authorization: `Bearer ${WRONG}` }
  for (const [method, where, body] of [
    ['GET', '/api/stations'], ['GET', '/api/stations/main'], ['POST', '/api/stations', { name: 'dusk' }], ['PUT', '/api/stations/dusk', { seed: 1 }],
    ['POST', '/api/control', { bpm: 61 }], ['POST', '/api/undo'], ['POST', '/api/redo'], ['POST', '/api/presets', { name: 'mine' }],
    ['POST', '/api/presets/mine/load'], ['DELETE', '/api/presets/mine'], ['DELETE', '/api/stations/dusk']]) {
    for (const headers of [{}, wrong, { authorization: TOKEN }, { authorization: 'Bearer ' }, { authorization: `Bearer ${TOKEN}x` },
      { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, { authorization: `Basic ${TOKEN}` }]) {
      const { status, body: answer, headers: got } = await ask(server, method, where, body, headers)
      assert.deepEqual([status, answer.error.code, got.get('www-authenticate')], [401, 'UNAUTHORIZED', 'Bearer'], `${method} ${where}`)
    }
    const { status, text } = await ask(server, method, where, body, right)
    assert.ok(status < 300, `${method} ${where}: ${status} ${text}`)
  }
  for (const where of ['/', '/api/status', '/api/presets', '/api/parameters', '/metrics', '/healthz'])
    assert.equal((await ask(server, 'GET', where)).status, 200, where)
  const stranger = await Client.open(`${server.ws}/ws/audio/one`, 'auralis-v2')
  await stranger.text('hello')
  stranger.say({ type: 'control', parameters: { bpm: 62 } })
  assert.equal((await stranger.text('error')).code, 'UNAUTHORIZED')
  const own = await Client.open(`${server.ws}/ws/audio/two?seed=4`, 'auralis-v2')
  await own.text('hello')
  own.say({ type: 'control', parameters: { bpm: 63 } })
  assert.equal((await own.text('parameters')).parameters.bpm, 63) // a stream of one's own needs none
  const operator = await Client.open(`${server.ws}/ws/audio/three`, ['auralis-v2', `auralis-token.${TOKEN}`])
  assert.equal(operator.socket.protocol, 'auralis-v2')
  await operator.text('hello')
  operator.say({ type: 'control', parameters: { bpm: 64 } })
  assert.equal((await operator.text('parameters')).parameters.bpm, 64)
  await raw(server, `GET /${TOKEN} HTTP/1.1\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`, 300)
  await server.end()
  for (const secret of [TOKEN, WRONG, TOKEN.slice(0, 20)]) assert.ok(!(server.output + server.errors).includes(secret))
})

test('tokens come from the environment too; files that cannot be trusted are refused, unread', within(60000), async (t) => {
  const path = folder(t), config = (name, text, mode) => ['serve', '--check-config', '--token-file', file(join(path, name), text, mode)]
  for (const [pattern, ...how] of [[/chmod o-r/, 'open', TOKEN, 0o644], [/16 to 128 characters/, 'short', 'secret'], [/letters, digits/, 'odd', `${TOKEN}ä`], [/no token/, 'empty', '# none\n']]) {
    const error = await run(AURALIS, config(...how)).catch((failure) => failure)
    assert.equal(error.code, 2)
    assert.match(error.stderr, pattern)
    assert.ok(!error.stderr.includes(TOKEN) && !error.stderr.includes('secret'))
  }
  const pair = certificate(path, 'locked')
  execFileSync('openssl', ['pkey', '-in', join(path, 'key.pem'), '-aes256', '-passout', 'pass:word', '-out', join(path, 'locked.pem')])
  const locked = await run(AURALIS, ['serve', '--check-config', ...pair, '--tls-key', join(path, 'locked.pem')]).catch((failure) => failure)
  assert.equal(locked.code, 2)
  assert.match(locked.stderr, /tls_key: .*without a passphrase/)
  const { stdout } = await run(AURALIS, ['serve', '--print-config'], { env: { ...process.env, AURALIS_TOKENS: TOKEN, AURALIS_THREADS: '2' } })
  assert.match(stdout, /^threads = 2$/m)
  assert.ok(!stdout.includes(TOKEN))
  process.env.AURALIS_TOKENS = TOKEN
  t.after(() => delete process.env.AURALIS_TOKENS)
  const server = await start(t)
  assert.equal((await ask(server, 'POST', '/api/undo')).status, 401)
  assert.equal((await ask(server, 'POST', '/api/undo', undefined, { authorization: `Bearer ${TOKEN}` })).status, 409)
})

test('an option goes before the environment, the environment before the file, the file before the default', within(30000), async (t) => {
  const config = file(join(folder(t), 'c.conf'), 'threads = 2\nmax_listeners = 20\nopus_bitrate = 64\n')
  const says = async (environment, ...options) => (await run(AURALIS, ['serve', '--print-config', ...options], { env: { ...process.env, ...environment } })).stdout
  const value = (text, key) => text.match(new RegExp(`^${key} = (.*)$`, 'm'))?.[1]
  const all = await says({ AURALIS_THREADS: '3', AURALIS_MAX_LISTENERS: '30' }, '--config', config, '--max-listeners', '40')
  assert.deepEqual(['max_listeners', 'threads', 'opus_bitrate', 'mp3_bitrate', 'listen'].map((key) => value(all, key)), ['40', '3', '64', '160', '127.0.0.1:8000'])
  assert.equal(value(await says({ AURALIS_CONFIG: config, AURALIS_LISTEN: '127.0.0.1:9' }, '-l', '127.0.0.1:10'), 'listen'), '127.0.0.1:10')
  assert.equal(value(await says({ AURALIS_CONFIG: config }), 'threads'), '2')
  assert.equal(value(await says({ AURALIS_CONFIG: '/nowhere.conf' }, '--config', config), 'threads'), '2') // and an option before it
})

test('without tokens only this machine controls stations, and a proxy does not pass for it', within(60000), async (t) => {
  const server = await start(t)
  const status = async (headers) => (await ask(server, 'POST', '/api/control', { bpm: 61 }, headers)).status
  assert.equal(await status({}), 200)
  assert.equal(await status({ 'x-forwarded-for': '192.0.2.7' }), 401)
  assert.equal(await status({ 'x-forwarded-for': '127.0.0.1' }), 401)
  assert.equal(await status({ via: '1.1 proxy' }), 401)
  const behind = await start(t, '--trusted-proxy', '127.0.0.1')
  const through = async (address) => (await ask(behind, 'POST', '/api/control', { bpm: 61 }, { 'x-forwarded-for': address })).status
  assert.equal(await through('192.0.2.7'), 401)
  assert.equal(await through('127.0.0.1, 192.0.2.7'), 401)
})

test('pages of strangers may neither change anything nor open sockets', within(60000), async (t) => {
  const server = await start(t, '--allowed-origins', 'https://radio.example.org, http://other.example:8080')
  const host = `127.0.0.1:${server.port}`
  const post = (headers) => raw(server, `POST /api/undo HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n${headers}\r\n`).then(({ text }) => Number(text.split(' ')[1]))
  const upgrade = (headers) => raw(server, 'GET /ws/audio/one?seed=1 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: auralis-v2\r\n${headers}\r\n`, 400).then(({ text }) => Number(text.split(' ')[1]))
  for (const [allowed, headers] of [
    [true, `Host: ${host}\r\n`],
    [true, `Host: ${host}\r\nOrigin: http://${host}\r\n`],
    [true, `Host: localhost:${server.port}\r\nOrigin: http://localhost:${server.port}\r\n`],
    [true, `Host: ${host}\r\nOrigin: https://radio.example.org\r\n`],
    [true, 'Host: radio.example.org\r\nOrigin: https://radio.example.org\r\n'],
    [true, `Host: ${host}\r\nOrigin: http://other.example:8080\r\n`],
    [false, `Host: ${host}\r\nOrigin: http://other.example\r\n`],
    [false, `Host: ${host}\r\nOrigin: https://radio.example.org.evil.example\r\n`],
    [false, `Host: ${host}\r\nOrigin: https://evil.example\r\n`],
    [false, `Host: ${host}\r\nOrigin: http://127.0.0.1:1\r\n`],
    [false, `Host: ${host}\r\nOrigin: null\r\n`],
    [false, `Host: ${host}\r\nOrigin: https://${'a'.repeat(300)}.example\r\n`],
    [false, `Host: evil.example:${server.port}\r\nOrigin: http://evil.example:${server.port}\r\n`], // rebinding
    [false, `Host: evil.example:${server.port}\r\n`],
    [false, `Host: localhost.evil.example\r\nOrigin: http://localhost.evil.example\r\n`],
  ]) {
    assert.equal(await post(headers), allowed ? 409 : 403, `POST ${headers}`)
    assert.equal(await upgrade(headers), allowed ? 101 : 403, `socket ${headers}`)
  }
  const cors = await ask(server, 'OPTIONS', '/api/control', undefined, { origin: 'https://radio.example.org' })
  assert.deepEqual(['origin', 'headers'].map((name) => cors.headers.get(`access-control-allow-${name}`)), ['https://radio.example.org', 'authorization, content-type'])
  assert.equal((await ask(server, 'GET', '/api/status', undefined, { origin: 'https://evil.example' })).headers.get('access-control-allow-origin'), null)
})

test('one address: so many requests a minute, so many listeners; the others are not held to it', within(60000), async (t) => {
  const config = file(join(folder(t), 'c.conf'), 'trusted_proxy = 127.0.0.1\nrequests_per_minute = 20\nmax_per_address = 2\nattempts_per_minute = 3\n')
  const server = await start(t, '--config', config), from = (address) => ({ 'x-forwarded-for': address })
  const statuses = []
  for (let i = 0; i < 25; i++) statuses.push((await ask(server, 'GET', '/healthz', undefined, from('192.0.2.1'))).status)
  assert.deepEqual(statuses, [...Array(20).fill(200), ...Array(5).fill(429)])
  const refused = await ask(server, 'GET', '/healthz', undefined, from('192.0.2.1'))
  assert.ok(Number(refused.headers.get('retry-after')) > 0 && refused.body.error.code === 'RATE_LIMIT_EXCEEDED')
  assert.equal((await ask(server, 'GET', '/healthz', undefined, from('192.0.2.2'))).status, 200)
  const open = (address) => new Promise((done) => {
    const socket = new WebSocket(`${server.ws}/ws/audio/x?seed=1`, 'auralis-v2', { headers: from(address) })
    socket.on('open', () => done(101)).on('unexpected-response', (_, { statusCode }) => done(statusCode)).on('error', () => {})
    t.after(() => socket.terminate())
  })
  assert.deepEqual([await open('192.0.2.3'), await open('192.0.2.3'), await open('192.0.2.3'), await open('192.0.2.3')], [101, 101, 429, 429])
  assert.equal(await open('192.0.2.4'), 101)
  assert.equal((await open('2001:db8::1')) + (await open('2001:db8::2')), 202)
  assert.equal(await open('2001:db8::3'), 429) // IPv6 counts by its first half
})

test('connections: so many from one address, so many at all, and their places are given back', within(60000), async (t) => {
  const outside = Object.values(networkInterfaces()).flat().find(({ internal, family }) => !internal && family === 'IPv4')?.address
  const config = file(join(folder(t), 'c.conf'), 'listen = *:0\nmax_connections_per_address = 5\nmax_connections = 40\n')
  const server = await start(t, '--listen', '*:0', '--config', config)
  const hold = async (count, host) => {
    const sockets = Array.from({ length: count }, () => connect(server.port, host).on('error', () => {}))
    sockets.forEach((socket) => { socket.got = ''; socket.on('data', (data) => (socket.got += data)); socket.on('close', () => (socket.gone = true)) })
    t.after(() => sockets.forEach((socket) => socket.destroy()))
    await sleep(500)
    return sockets
  }
  if (outside) {
    const sockets = await hold(8, outside)
    const gone = sockets.filter((socket) => socket.gone)
    assert.equal(gone.length, 3)
    gone.forEach((socket) => assert.match(socket.got, /^HTTP\/1\.1 503 .*SERVER_OVERLOAD/s))
    assert.equal((await fetch(server.http + '/healthz')).status, 200) // loopback is not held to it
    sockets.forEach((socket) => socket.destroy())
    await sleep(300)
    assert.equal((await fetch(`http://${outside}:${server.port}/healthz`)).status, 200)
  }
  const all = await hold(60, '127.0.0.1')
  assert.ok(all.filter((socket) => socket.gone).length >= 20)
  all.forEach((socket) => socket.destroy())
  await until(() => all.every((socket) => socket.gone), 'all to be gone')
  await sleep(300)
  assert.equal((await fetch(server.http + '/healthz')).status, 200)
})

test('a body that is too large is refused before it is sent; malformed lengths are answered', within(60000), async (t) => {
  const server = await start(t), head = 'POST /api/control HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  for (const [status, headers] of [
    [413, 'Content-Length: 16385\r\n'], [413, 'Content-Length: 1000000000000\r\n'], [413, 'Content-Length: 1000000000\r\nExpect: 100-continue\r\n'],
    [400, 'Content-Length: -5\r\n'], [400, 'Content-Length: 99999999999999999999999\r\n'], [400, 'Content-Length: 12abc\r\n'],
    [400, 'Content-Length: 0x10\r\n'], [400, 'Transfer-Encoding: chunked\r\n'],
    [400, 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n']]) {
    const { text, closed } = await raw(server, `${head}${headers}\r\n`, 3000)
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), headers)
    assert.ok(closed !== null && closed < 2000, `${headers}: ${closed}`) // and the connection is of no further use
  }
  const path = folder(t), big = file(join(path, 'big'), 'x'.repeat(4 << 20))
  for (let i = 0; i < 5; i++) { // while megabytes are still coming in, the answer arrives
    const { stdout } = await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '10', '-H', 'Expect:', '-H', 'Content-Type: application/json',
      '--data-binary', `@${big}`, `${server.http}/api/control`]).catch((error) => error)
    assert.equal(stdout, '413')
  }
})

test('slow, silent, half-open and flooding clients are shed, and a listener hears nothing of it', within(120000), async (t) => {
  const server = await start(t)
  await undisturbed(server, async () => {
    const sockets = [], kinds = {
      silent: () => {},
      'slow headers': (socket) => { socket.write('GET / HTTP/1.1\r\nHost: x\r\n'); return () => socket.write('X-A: b\r\n') },
      'slow body': (socket) => { socket.write('POST /api/control HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{'); return () => socket.write(' ') },
      'slow handshake': (socket) => { socket.write('GET /ws/audio/x?seed=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'); return () => socket.write('X-A: b\r\n') },
      'no reading': (socket) => { socket.pause(); for (let i = 0; i < 300; i++) socket.write('GET /main.js HTTP/1.1\r\nHost: x\r\n\r\n') },
    }
    for (const [kind, begin] of Object.entries(kinds))
      for (let i = 0; i < 40; i++) {
        const socket = connect(server.port, '127.0.0.1')
        Object.assign(socket, { kind, began: performance.now() })
        socket.on('error', () => {}).on('close', () => { socket.gone ??= performance.now() - socket.began; clearInterval(socket.timer) })
        if (kind !== 'no reading') socket.resume()
        socket.on('connect', () => {
          const more = begin(socket)
          if (more) socket.timer = setInterval(more, 1000)
        })
        sockets.push(socket)
      }
    t.after(() => sockets.forEach((socket) => { clearInterval(socket.timer); socket.destroy() }))
    // Gone without a word: one that takes what comes and answers nothing, one that takes nothing.
    const dead = [false, true].map((paused) => {
      const socket = connect(server.port, '127.0.0.1').on('error', () => {})
      socket.write(handshake(server, '/ws/audio/gone?seed=1&format=opus', 'auralis-v2'))
      if (paused) socket.pause()
      else socket.resume()
      t.after(() => socket.destroy())
      return socket
    })
    const busy = async () => (await server.json('/api/status')).active_connections
    await until(async () => (await busy()) >= 3, 'all three', 5000)
    assert.equal(await busy(), 3)
    const since = performance.now()
    await until(() => sockets.every((socket) => socket.gone || socket.kind === 'no reading'), 'the slow to be shed', 45000)
    for (const kind of Object.keys(kinds)) {
      const times = sockets.filter((socket) => socket.kind === kind && socket.gone).map(({ gone }) => gone)
      if (kind !== 'no reading') assert.ok(Math.max(...times) < 40000, `${kind}: ${Math.max(...times)} ms`)
    }
    while ((await busy()) > 1 && performance.now() < since + 60000) await sleep(200)
    assert.equal(await busy(), 1, 'who answers nothing is let go within a minute')
    dead.forEach((socket) => socket.destroy())
    sockets.forEach((socket) => socket.destroy())
    const flood = Array.from({ length: 2000 }, (_, i) => i)
    await Promise.all(Array.from({ length: 20 }, async () => {
      while (flood.pop() !== undefined) await raw(server, ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0'.repeat(3000)][flood.length % 4], 20)
    }))
  })
  assert.equal((await ask(server, 'GET', '/healthz')).status, 200)
  await server.end()
})

test('frames that break the protocol end the connection with 1002, half of a text with 1007, and nobody else hears of it', within(60000), async (t) => {
  const server = await start(t), mask = [1, 2, 3, 4]
  const frame = (first, payload) => Buffer.from([first, 128 | payload.length, ...mask, ...Buffer.from(payload).map((byte, i) => byte ^ mask[i % 4])])
  const cases = {
    'an opcode that is none': [1002, frame(0x83, '{}')], 'a reserved bit': [1002, frame(0xc1, '{}')], 'half a ping': [1002, frame(0x09, 'x')], 'the rest of nothing': [1002, frame(0x80, '{}')],
    'a code that nobody sends': [1002, frame(0x88, [3, 0xed])], 'no UTF-8': [1007, frame(0x81, [0x7b, 0xff, 0xfe])], 'a ping of 200 bytes': [null, Buffer.from([0x89, 0xfe, 0, 200, ...mask, ...Buffer.alloc(200)])],
    'a proper end': [1000, frame(0x88, [3, 0xe8])],
  }
  /** Codes of the closing frames within what came. */
  const codes = (bytes) => {
    const found = []
    for (let at = bytes.indexOf('\r\n\r\n') + 4; at + 2 <= bytes.length; ) {
      const short = bytes[at + 1] & 127, head = short === 127 ? 10 : short === 126 ? 4 : 2
      if (at + head > bytes.length) break
      if ((bytes[at] & 15) === 8) found.push(bytes.readUInt16BE(at + head))
      at += head + (short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short)
    }
    return found
  }
  await undisturbed(server, async () => Promise.all(Object.entries(cases).flatMap(([what, [code, bytes]]) => ['auralis-v1', 'auralis-v2'].map(async (protocol) => {
    const socket = connect(server.port, '127.0.0.1').on('error', () => {}), came = []
    let gone = false
    socket.on('data', (piece) => came.push(piece)).on('close', () => (gone = true))
    socket.write(handshake(server, `/ws/audio/a?seed=1${protocol.endsWith('2') ? '&format=opus' : ''}`, protocol))
    await until(() => Buffer.concat(came).length > 30000, 'music')
    socket.write(bytes)
    await until(() => gone, `${what}: the end`)
    assert.deepEqual(codes(Buffer.concat(came)), code ? [code] : [], `${what}, ${protocol}`)
  }))))
  assert.equal((await server.json('/api/status')).active_connections, 0)
})

test('no path leads out of the page', within(60000), async (t) => {
  const server = await start(t)
  for (const path of ['/../../etc/passwd', '/..%2f..%2fetc%2fpasswd', '/%2e%2e/%2e%2e/etc/passwd', '/....//....//etc/passwd', '/main.js/../../etc/passwd', '//etc/passwd',
    '/\\..\\etc\\passwd', '/main.js%00.css', '/%c0%ae%c0%ae/etc/passwd', '/api/presets/..%2f..%2fetc%2fpasswd', '/stations/..%2f..%2fetc%2fpasswd.mp3', '/file:///etc/passwd']) {
    const { text } = await raw(server, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, 1000)
    assert.match(text, /^(HTTP\/1\.1 (400|403|404) |$)/, path)
    assert.doesNotMatch(text, /root:/)
  }
})

test('SIGHUP: stations, limits, tokens and certificate anew, and nobody else hears of it', within(60000), async (t) => {
  const path = folder(t), tokens = file(join(path, 'tokens'), TOKEN), config = join(path, 'auralis.conf'), pair = certificate(path, 'first')
  const write = (stations, rest = '') => file(config, `token_file = ${tokens}\nthreads = 1\n${rest}${stations}`)
  write('[station dawn]\nseed = 1\nbpm = 50\n[station noon]\nseed = 2\n[station dusk]\nseed = 3\n')
  const server = await start(t, '--config', config, ...pair)
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
  const list = async (token = TOKEN) => Object.fromEntries(((await ask(server, 'GET', '/api/stations', undefined, { authorization: `Bearer ${token}` })).body.stations ?? []).map((s) => [s.name, s]))
  const subject = async () => (await run('sh', ['-c', `openssl s_client -connect 127.0.0.1:${server.port} </dev/null 2>/dev/null | openssl x509 -noout -subject`])).stdout
  const reload = async (word) => {
    const before = server.errors.length
    server.child.kill('SIGHUP')
    await until(() => word.test(server.errors.slice(before)), () => `${word} in ${server.errors.slice(before)}`)
    await sleep(300)
  }
  assert.deepEqual(Object.keys(await list()).sort(), ['dawn', 'dusk', 'main', 'noon'])
  assert.match(await subject(), /first/)
  await ask(server, 'POST', '/api/control', { station: 'dusk', bpm: 44 }, { authorization: `Bearer ${TOKEN}` })
  const listeners = {}
  for (const name of ['dawn', 'noon', 'dusk']) {
    listeners[name] = await Client.open(`${server.ws}/ws/audio/${name}?station=${name}&format=int16`, 'auralis-v2')
    await listeners[name].text('hello')
  }
  write('[station dawn]\nbpm = 5000\n')
  await reload(/auralis\.conf:4: bpm = 5000/)
  assert.equal(Object.keys(await list()).length, 4)
  file(tokens, WRONG)
  certificate(path, 'second')
  write('[station dawn]\nseed = 1\nbpm = 52\n[station night]\nseed = 9\n[station dusk]\nseed = 3\n', 'max_listeners = 7\n')
  await reload(/max_listeners is changed when the server starts anew[^]*was read again/)
  assert.deepEqual(await list(), {}) // the old token is worth nothing
  const now = await list(WRONG)
  assert.deepEqual(Object.keys(now).sort(), ['dawn', 'dusk', 'main', 'night'])
  assert.deepEqual([now.dawn.parameters.bpm, now.dusk.parameters.bpm, now.night.seed], [52, 44, '9'])
  assert.equal((await listeners.dawn.text('parameters')).parameters.bpm, 52)
  assert.equal((await listeners.noon.closed).code, 1000)
  assert.match(await subject(), /second/)
  const from = listeners.dusk.chunks.length
  await until(() => listeners.dusk.chunks.length > from + 30, 'the music to go on')
  listeners.dusk.chunks.forEach((chunk, i) => assert.equal(chunk.sequence, i))
  for (const secret of [TOKEN, WRONG, 'PRIVATE KEY']) assert.ok(!(server.output + server.errors).includes(secret))
  file(join(path, 'key.pem'), 'nonsense')
  await reload(/tls_key: .*fits the certificate/)
  assert.match(await subject(), /second/)
})

test('a certificate on a slow disk keeps nobody waiting', within(60000), async (t) => {
  const path = folder(t), pair = certificate(path, 'first'), cert = join(path, 'cert.pem'), other = join(path, 'other')
  const server = await start(t, ...pair, '--loops', '2'), ca = readFileSync(cert)
  const hello = () => new Promise((done, failed) => {
    const socket = tls.connect({ port: server.port, host: '127.0.0.1', ca, rejectUnauthorized: false }, () => {
      done(socket.getPeerCertificate().subject.CN)
      socket.destroy()
    })
    socket.on('error', failed)
  })
  const shown = () => hello().catch((error) => { // sanitizers on a busy machine: a greeting may take too long for the server
    if (!SLOW || error.code !== 'ECONNRESET') throw error
    return hello()
  })
  const witnesses = [0, 1, 2, 3].map((i) => { // of both loops, most likely
    const socket = new WebSocket(`${server.ws}/ws/audio/w${i}?seed=3&chunk=4800&buffer_tier=minimal`, 'auralis-v2', { rejectUnauthorized: false }), times = []
    socket.on('message', (bytes, binary) => binary && times.push(performance.now()))
    t.after(() => socket.terminate())
    return times
  })
  await until(() => witnesses.every((times) => times.length > 10), 'music')
  mkdirSync(other)
  certificate(other, 'second')
  // Whoever opens the file waits for a second, whether to check it or to use it.
  rmSync(cert)
  execFileSync('mkfifo', [cert])
  file(join(path, 'key.pem'), readFileSync(join(other, 'key.pem')))
  const disk = spawn('sh', ['-c', 'while :; do sleep 1; cat "$1" > "$2"; done', 'sh', join(other, 'cert.pem'), cert])
  t.after(() => disk.kill())
  const began = performance.now(), answers = []
  server.child.kill('SIGHUP')
  while (!server.errors.includes('was read again')) {
    assert.ok(performance.now() - began < 20000, 'it is read in the end')
    const asked = performance.now()
    assert.equal(await shown(), 'first', 'the one before stays till then')
    answers.push(performance.now() - asked)
    await sleep(50)
  }
  assert.ok(performance.now() - began > 300, 'the disk was not slow')
  for (const end = performance.now() + 3000; performance.now() < end; await sleep(50)) {
    const asked = performance.now()
    await shown()
    answers.push(performance.now() - asked)
  }
  for (let i = 0; i < 8; i++) assert.equal(await shown(), 'second', 'both loops show it')
  assert.ok(SLOW || Math.max(...answers) < 600, `a handshake took ${Math.max(...answers)} ms`)
  for (const times of witnesses) {
    const gaps = times.slice(11).map((time, i) => time - times[i + 10])
    assert.ok(SLOW || Math.max(...gaps) < 600, `no music for ${Math.max(...gaps)} ms`)
  }
})

test('the service manager is told: ready, alive, reloading, stopping', within(60000), async (t) => {
  const path = join(folder(t), 'notify'), told = []
  const probe = await run('python3', ['-c', 'print(1)']).catch(() => null)
  if (!probe) return t.skip('python3 listens on the socket')
  const manager = spawn('python3', ['-uc', `import socket\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.bind("${path}")\nprint("bound")\nwhile True: print(s.recv(4096).decode().replace(chr(10), " "))`])
  t.after(() => manager.kill())
  manager.stdout.on('data', (text) => told.push(...text.toString().trim().split('\n')))
  await until(() => told.length, 'the manager')
  Object.assign(process.env, { NOTIFY_SOCKET: path, WATCHDOG_USEC: '4000000' })
  t.after(() => { delete process.env.NOTIFY_SOCKET; delete process.env.WATCHDOG_USEC })
  const server = await start(t)
  await until(() => told.includes('READY=1'), 'READY')
  await until(() => told.filter((text) => text.startsWith('WATCHDOG=1')).length >= 2, 'WATCHDOG')
  server.child.kill('SIGHUP')
  await until(() => told.some((text) => text.startsWith('RELOADING=1')) && told.filter((text) => text === 'READY=1').length === 2, 'RELOADING, READY')
  await server.stop()
  await until(() => told.includes('STOPPING=1'), 'STOPPING')
})
