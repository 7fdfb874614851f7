// api.test.mjs — the HTTP API as a program meets it: every route, every refusal, and music that plays on through all of it.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync, mkdtempSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client, Server, sleep, until, within } from './helpers.mjs'

const DATA = fileURLToPath(new URL('../data/malformed/', import.meta.url))

async function start(t, ...options) {
  const server = await Server.start(...options)
  t.after(() => server.kill())
  return server
}

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'auralis-api-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A request; `body` is sent as JSON unless it is text already. Gives {status, headers, body (parsed), text}. */
async function ask(server, method, path, body, type = 'application/json') {
  const options = { method, headers: {} }
  if (body !== undefined) {
    options.body = typeof body === 'string' ? body : JSON.stringify(body)
    if (type) options.headers['content-type'] = type
  }
  const answer = await fetch(server.http + path, options), text = await answer.text()
  const json = answer.headers.get('content-type')?.startsWith('application/json')
  return { status: answer.status, headers: answer.headers, text, body: json && text ? JSON.parse(text) : undefined }
}

async function refused(server, status, code, ...request) {
  const { status: got, body } = await ask(server, ...request)
  assert.equal(got, status, JSON.stringify([request, body]))
  assert.equal(body.error.code, code, request.join(' '))
  assert.ok(body.error.message.length > 5)
  assert.equal(typeof body.error.details, 'object')
  return body.error
}

test('status and metrics are real numbers', within(60000), async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/one`, 'auralis-v2')
  await client.takeChunks(60)
  const { body: status } = await ask(server, 'GET', '/api/status')
  assert.deepEqual(Object.keys(status), ['status', 'uptime_seconds', 'synthesis_engine', 'buffer_depth_ms', 'active_connections',
    'chunks_generated', 'streams_restarted', 'storage', 'station', 'parameters', 'gpu'])
  assert.deepEqual(Object.keys(status.synthesis_engine), ['device', 'sample_rate', 'voices', 'latency'])
  assert.equal(status.status, 'running')
  assert.equal(status.active_connections, 1)
  assert.equal(status.synthesis_engine.sample_rate, 48000)
  assert.match(status.synthesis_engine.device, /cpu/)
  assert.ok(status.uptime_seconds > 0 && status.uptime_seconds < 60)
  assert.ok(status.chunks_generated > 10 && status.synthesis_engine.latency > 0)
  assert.equal(Object.keys(status.parameters).length, (await server.json('/api/parameters')).parameters.length)
  await until(() => client.texts.some(({ type }) => type === 'status'), 'a status')
  let metrics
  await until(async () => { // a listener's depth is looked at once a second
    metrics = (await ask(server, 'GET', '/api/metrics')).body
    return metrics.buffer_depth_ms > 0
  }, 'its depth')
  assert.deepEqual(Object.keys(metrics), ['timestamp', 'buffer_depth_ms', 'active_connections', 'chunks_generated',
    'synthesis_latency_ms', 'device_type'])
  assert.ok(Math.abs(metrics.timestamp - Date.now() / 1000) < 5)
  assert.ok(metrics.chunks_generated > status.chunks_generated)
  assert.ok(metrics.buffer_depth_ms > 200 && metrics.buffer_depth_ms < 3500, `${metrics.buffer_depth_ms}`)
  await client.close()
  await sleep(300)
  assert.equal((await server.json('/api/status')).active_connections, 0)
})

test('the metrics text is OpenMetrics', within(60000), async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/one`, 'auralis-v1')
  await client.takeChunks(20)
  const { text, headers } = await ask(server, 'GET', '/metrics')
  assert.match(headers.get('content-type'), /^application\/openmetrics-text; version=1\.0\.0/)
  assert.ok(text.endsWith('\n# EOF\n'))
  const samples = new Map(), types = new Map()
  for (const line of text.trimEnd().split('\n').slice(0, -1)) {
    if (line.startsWith('# TYPE ')) types.set(line.split(' ')[2], line.split(' ')[3])
    if (line.startsWith('#')) { assert.match(line, /^# (TYPE|HELP|UNIT) auralis_[a-z_]+ ./); continue }
    const [, name, value] = line.match(/^(auralis_[a-z_]+(?:\{[a-z_]+="[^"]*"\})?) ([0-9.e+-]+|NaN)$/) ?? assert.fail(line)
    assert.ok(!samples.has(name), `${name} twice`)
    samples.set(name, Number(value))
  }
  for (const name of ['synthesis_latency_seconds', 'buffer_depth_seconds', 'chunk_delivery_jitter_seconds', 'chunk_encoding_duration_seconds']) {
    assert.equal(types.get('auralis_' + name), 'histogram')
    const buckets = [...samples].filter(([key]) => key.startsWith(`auralis_${name}_bucket`)).map(([, value]) => value)
    assert.ok(buckets.length > 8 && buckets.every((value, i) => !i || value >= buckets[i - 1]), name)
    assert.equal(buckets.at(-1), samples.get(`auralis_${name}_count`))
  }
  assert.equal(samples.get('auralis_active_websocket_connections'), 1)
  assert.ok(samples.get('auralis_chunks_generated_total') > 0)
  assert.ok(samples.get('auralis_chunks_sent_total') >= 20)
  assert.ok(samples.get('auralis_sent_bytes_total') > 20 * 17640)
  assert.ok(samples.get('auralis_synthesis_latency_seconds_count') > 0)
  assert.ok(samples.get('auralis_memory_usage_bytes') > 1e6)
  assert.ok(samples.has('auralis_websocket_send_errors_total{error_type="timeout"}'))
})

test('control: partial, all or nothing, heard by every listener', within(60000), async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/one`, 'auralis-v2')
  await client.takeChunks(60)
  const { body: change } = await ask(server, 'POST', '/api/control', { bpm: 61, melody_complexity: 0.9, intensity: 0.1, key: 'A' })
  assert.deepEqual(change.changed.sort(), ['bpm', 'intensity', 'melody_complexity'])
  assert.deepEqual(change.unchanged, ['key'])
  assert.deepEqual(change.warnings, ['may reduce perceived musicality'])
  assert.match(change.applies_at, /^[0-9]+$/)
  assert.equal((await client.text('parameters')).parameters.bpm, 61)
  const before = (await server.json('/api/status')).parameters
  assert.equal(before.bpm, 61)
  for (const [body, code, field] of [
    [{ bpm: 62, intensity: 7 }, 'INVALID_VALUE', 'intensity'],
    [{ bpm: 62, tempo: 7 }, 'UNKNOWN_FIELD', 'tempo'],
    [{ bpm: '62' }, 'INVALID_VALUE', 'bpm'],
    [{ enable_pads: 1 }, 'INVALID_VALUE', 'enable_pads'],
    [{ mode: 'locrian' }, 'INVALID_VALUE', 'mode'],
    [{}, 'INVALID_VALUE', undefined],
    ['{"bpm": 62', 'INVALID_JSON', undefined],
    ['[62]', 'INVALID_JSON', undefined],
    ['{"bpm": 62, "bpm": 63}', 'INVALID_JSON', undefined],
  ]) assert.equal((await refused(server, 400, code, 'POST', '/api/control', body)).details.field, field)
  await refused(server, 404, 'NOT_FOUND', 'POST', '/api/control', { station: 'nowhere', bpm: 60 })
  assert.deepEqual((await server.json('/api/status')).parameters, before)
  client.chunks.forEach((chunk, i) => assert.equal(chunk.sequence, i))
  assert.ok(client.chunks.every((chunk) => !chunk.discontinuity))
})

test('undo and redo', within(60000), async (t) => {
  const server = await start(t)
  const bpm = async () => (await server.json('/api/status')).parameters.bpm
  await refused(server, 409, 'CONFLICT', 'POST', '/api/undo')
  const { bpm: first } = (await server.json('/api/status')).parameters
  await ask(server, 'POST', '/api/control', { bpm: 61 })
  await ask(server, 'POST', '/api/control', { space: 0.9 })
  const { status, body } = await ask(server, 'POST', '/api/undo')
  assert.equal(status, 200)
  assert.deepEqual(body.changed, ['space'])
  assert.equal(body.parameters.bpm, 61)
  await ask(server, 'POST', '/api/undo', {})
  assert.equal(await bpm(), first)
  await ask(server, 'POST', '/api/redo', { station: 'main' })
  assert.equal(await bpm(), 61)
  await ask(server, 'POST', '/api/redo')
  await refused(server, 409, 'CONFLICT', 'POST', '/api/redo')
})

test('presets are saved, loaded, deleted, and survive a crash', within(60000), async (t) => {
  const state = folder(t), name = 'Späte Stunde & mehr', path = '/api/presets/' + encodeURIComponent(name)
  let server = await start(t, '--state-dir', state)
  const builtin = (await server.json('/api/presets')).presets
  assert.ok(builtin.length >= 8 && builtin.every((preset) => preset.builtin))
  const saved = await ask(server, 'POST', '/api/presets', { name, parameters: { bpm: 44, mode: 'lydian' } })
  assert.equal(saved.status, 201)
  assert.equal(decodeURIComponent(saved.headers.get('location')), '/api/presets/' + name)
  assert.equal((await ask(server, 'POST', '/api/presets', { name, parameters: { bpm: 45 } })).status, 200)
  await server.kill()
  server = await start(t, '--state-dir', state)
  assert.equal((await ask(server, 'GET', path)).body.parameters.bpm, 45)
  const { presets } = await server.json('/api/presets')
  assert.deepEqual(presets.slice(builtin.length).map((preset) => [preset.name, preset.builtin]), [[name, false]])
  const loaded = await ask(server, 'POST', path + '/load')
  assert.equal(loaded.status, 200)
  assert.equal(loaded.body.preset, name)
  assert.equal((await server.json('/api/status')).parameters.bpm, 45)
  assert.equal((await ask(server, 'POST', '/api/presets/sleep/load')).body.parameters.mode, 'phrygian')
  const client = await Client.open(`${server.ws}/ws/audio/mine?seed=1&preset=${encodeURIComponent(name)}`, 'auralis-v2')
  assert.equal((await client.text('hello')).parameters.bpm, 45)
  assert.equal((await ask(server, 'DELETE', path)).status, 204)
  await refused(server, 404, 'NOT_FOUND', 'DELETE', path)
  await refused(server, 404, 'NOT_FOUND', 'POST', path + '/load')
  await refused(server, 409, 'CONFLICT', 'DELETE', '/api/presets/sleep')
  await refused(server, 409, 'CONFLICT', 'POST', '/api/presets', { name: 'Sleep' })
})

test('a damaged preset file is moved aside and the server starts', within(60000), async (t) => {
  const state = folder(t)
  writeFileSync(join(state, 'auralis.db'), 'x'.repeat(9000))
  const server = await start(t, '--state-dir', state)
  assert.match(server.errors, /auralis\.db is damaged and was moved to/)
  const kept = readdirSync(state).find((file) => file.includes('.damaged-'))
  assert.equal(readFileSync(join(state, kept), 'utf8'), 'x'.repeat(9000))
  assert.equal((await ask(server, 'POST', '/api/presets', { name: 'new' })).status, 201)
})

test('every malformed preset is refused over HTTP', within(60000), async (t) => {
  const server = await start(t)
  const names = readdirSync(join(DATA, 'preset')).filter((file) => file.endsWith('.json'))
  assert.ok(names.length >= 40)
  for (const name of names) {
    const [status, code, field] = readFileSync(join(DATA, 'preset', name.replace('.json', '.expect')), 'utf8').trim().split(' ')
    const answer = await fetch(server.http + '/api/presets',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: readFileSync(join(DATA, 'preset', name)) })
    const { error } = await answer.json()
    assert.deepEqual([answer.status, error.code, error.details.field], [Number(status), code, field], name)
  }
  assert.ok((await server.json('/api/presets')).presets.every((preset) => preset.builtin))
})

test('paths, methods, types and sizes', within(60000), async (t) => {
  const server = await start(t)
  for (const path of ['/api', '/api/', '/api/nothing', '/api/status/', '/api/presets/a/b', '/nothing', '/../etc/passwd', '/api/presets/%2e%2e%2fx'])
    await refused(server, 404, 'NOT_FOUND', 'GET', path)
  const put = await ask(server, 'PUT', '/api/presets', { name: 'x' })
  assert.equal(put.status, 405)
  assert.equal(put.headers.get('allow'), 'GET, HEAD, POST, OPTIONS')
  await refused(server, 405, 'METHOD_NOT_ALLOWED', 'GET', '/api/control')
  await refused(server, 405, 'METHOD_NOT_ALLOWED', 'DELETE', '/api/status')
  const options = await ask(server, 'OPTIONS', '/api/control')
  assert.deepEqual([options.status, options.headers.get('allow')], [204, 'POST, OPTIONS'])
  const head = await ask(server, 'HEAD', '/api/parameters')
  assert.deepEqual([head.status, head.text], [200, ''])
  assert.ok(Number(head.headers.get('content-length')) > 1000)
  await refused(server, 415, 'UNSUPPORTED_MEDIA_TYPE', 'POST', '/api/control', 'bpm=60', 'application/x-www-form-urlencoded')
  await refused(server, 413, 'TOO_LARGE', 'POST', '/api/control', `{"bpm": 60${' '.repeat(20000)}}`)
  await refused(server, 400, 'UNKNOWN_FIELD', 'GET', '/api/status?sation=main')
  await refused(server, 404, 'NOT_FOUND', 'GET', '/api/status?station=other')
  assert.equal((await ask(server, 'GET', '/healthz')).status, 200)
  await until(async () => (await ask(server, 'GET', '/readyz')).status !== 503, 'the station to sound')
  assert.equal((await ask(server, 'GET', '/readyz')).status, 200)
  const status = await ask(server, 'GET', '/api/status')
  assert.equal(status.headers.get('cache-control'), 'no-store')
  assert.equal(status.headers.get('x-content-type-options'), 'nosniff')
})

test('raw nonsense on the port disturbs nobody', within(60000), async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/one?seed=3`, 'auralis-v2')
  await client.takeChunks(30)
  const pieces = ['\x00\xff\x00\xff\r\n\r\n', 'GET\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', `GET /${'a'.repeat(9000)} HTTP/1.1\r\n\r\n`,
    'POST /api/control HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n{',
    'POST /api/control HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n', 'GET /api/presets/%00%zz HTTP/1.1\r\nHost: x\r\n\r\n']
  const sockets = pieces.map((piece) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(piece, 'latin1'))
    socket.on('error', () => {})
    socket.resume()
    return socket
  })
  const from = client.chunks.length
  await until(() => client.chunks.length > from + 60, 'the music to go on')
  sockets.forEach((socket) => socket.destroy())
  client.chunks.forEach((chunk, i) => assert.equal(chunk.sequence, i))
  assert.equal((await ask(server, 'GET', '/healthz')).status, 200)
})

test('stations of a configuration', within(60000), async (t) => {
  const path = join(folder(t), 'auralis.conf')
  writeFileSync(path, 'threads = 1\nbuffer_tier = minimal\n[station night]\nseed = 7\npreset = sleep\nbpm = 48\n')
  const server = await start(t, '--config', path)
  const { body } = await ask(server, 'GET', '/api/status?station=night')
  assert.deepEqual([body.station, body.parameters.bpm, body.parameters.mode], ['night', 48, 'phrygian'])
  await ask(server, 'POST', '/api/control', { station: 'night', bpm: 50 })
  await ask(server, 'POST', '/api/presets/focus/load?station=main')
  assert.equal((await server.json('/api/status?station=night')).parameters.bpm, 50)
  const client = await Client.open(`${server.ws}/ws/audio/a?station=night`, 'auralis-v2')
  const hello = await client.text('hello')
  assert.deepEqual([hello.station, hello.seed, hello.buffer.tier], ['night', '7', 'minimal'])
})

test('without a disk the server plays on and says so', within(60000), async (t) => {
  const file = join(folder(t), 'file')
  writeFileSync(file, '')
  const server = await start(t, '--state-dir', join(file, 'state'))
  assert.match(server.errors, /kept in memory only/)
  assert.equal((await ask(server, 'POST', '/api/presets', { name: 'x' })).status, 201)
  assert.equal((await ask(server, 'GET', '/api/presets/x')).status, 200)
  assert.ok(!existsSync(join(file, 'state')))
})
