// v1.test.mjs — the auralis-v1 socket, message by message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, Server, render, sleep, until, within } from './helpers.mjs'

const V1 = 'auralis-v1'
const keys = (object) => Object.keys(object).sort()

async function start(t, ...options) {
  const server = await Server.start(...options)
  t.after(() => server.kill())
  return server
}

test('connection_established comes first, then chunks of 100 ms', within(60000), async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/old_player-1?buffer_tier=stable`, V1)
  assert.equal(client.socket.protocol, V1)
  const chunks = await client.takeChunks(30)
  const [hello] = client.texts
  assert.deepEqual(keys(hello), ['buffer_config', 'client_id', 'server_time', 'server_version', 'type'])
  assert.equal(hello.type, 'connection_established')
  assert.equal(hello.client_id, 'old_player-1')
  assert.ok(Math.abs(hello.server_time - Date.now() / 1000) < 10)
  assert.match(hello.server_version, /^\d+\.\d+\.\d+$/)
  assert.deepEqual(hello.buffer_config,
    { initial_tier: 'stable', target_buffer_ms: 2000, chunk_duration_ms: 100, samples_per_chunk: 8820, sample_rate: 44100, channels: 2 })
  chunks.forEach((chunk, i) => {
    assert.deepEqual(keys(chunk), ['at', 'buffer_depth', 'chunk_id', 'current_tier', 'data', 'sequence', 'timestamp', 'type'])
    assert.equal(chunk.chunk_id, i)
    assert.equal(chunk.data.length, 17640)
    assert.equal(chunk.current_tier, 'stable')
    assert.ok(Math.abs(chunk.timestamp - Date.now() / 1000) < 30)
    assert.ok(chunk.buffer_depth >= 0 && chunk.buffer_depth <= 31)
  })
  assert.ok(chunks[19].at - chunks[0].at < 1500, 'the first 2 s come at once')
  const samples = new Set(chunks.flatMap((chunk) => [...new Int16Array(chunk.data.buffer.slice(chunk.data.byteOffset, chunk.data.byteOffset + 17640))]))
  assert.ok(samples.size > 100, 'silence')
})

test('a personal stream is the rendering at 44,100 Hz, bit for bit, from any start', within(60000), async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/mine?seed=12&preset=focus&bpm=60`, V1)
  const live = Buffer.concat((await client.takeChunks(25)).map((chunk) => chunk.data))
  const offline = render('--seed', '12', '--preset', 'focus', '--bpm', '60', '--rate', '44100', '--format', '16', '--duration', '3s')
  assert.ok(live.equals(offline.subarray(0, live.length)))
})

test('buffer_status every five seconds', within(60000), async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/one`, V1)
  const began = performance.now()
  await until(() => client.texts.filter(({ type }) => type === 'buffer_status').length >= 2, 'two', 13000)
  const took = (performance.now() - began) / 2000
  assert.ok(took > 4 && took < 6, `${took} s`)
  const status = client.texts.findLast(({ type }) => type === 'buffer_status'), { buffer_health: health, performance: done } = status
  assert.deepEqual(keys(status), ['buffer_health', 'client_id', 'performance', 'timestamp', 'type'])
  assert.deepEqual(keys(health), ['current_depth_chunks', 'current_tier', 'health_status', 'jitter_ms', 'target_depth_chunks', 'underrun_rate'])
  assert.deepEqual(keys(done), ['bytes_sent', 'chunks_sent', 'connection_uptime_sec', 'underruns'])
  assert.equal(status.client_id, 'one')
  assert.ok(['healthy', 'warning', 'critical'].includes(health.health_status))
  assert.ok(done.chunks_sent >= 95 && done.chunks_sent <= client.chunks.length)
  assert.ok(done.bytes_sent >= done.chunks_sent * 17640)
  assert.ok(done.connection_uptime_sec > 9 && done.connection_uptime_sec < 13)
})

test('buffer_control is acknowledged, at most once a second', within(60000), async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/one?buffer_tier=minimal`, V1)
  await client.takeChunks(3)
  client.say({ type: 'buffer_control', requested_tier: 'defensive' })
  const ack = await client.text('buffer_control_ack')
  assert.deepEqual(ack, { type: 'buffer_control_ack', previous_tier: 'minimal', new_tier: 'defensive' })
  client.say({ type: 'buffer_control', requested_tier: 'minimal' })
  assert.equal((await client.text('error')).error_code, 'RATE_LIMIT_EXCEEDED')
  await until(() => client.chunks.at(-1).current_tier === 'defensive', 'the new tier')
  const from = client.chunks.length
  await client.takeChunks(from + 5)
  client.chunks.forEach((chunk, i) => assert.equal(chunk.chunk_id, i))
})

const DEPTHS = { minimal: 500, normal: 1000, stable: 2000, defensive: 3000 }

test('a tier is as deep as its name says, and a change of it moves what is ahead and nothing else', within(60000), async (t) => {
  const server = await start(t), offline = render('--seed', '12', '--preset', 'focus', '--rate', '44100', '--format', '16', '--duration', '40s')
  const open = (what, tier) => Client.open(`${server.ws}/ws/audio/${tier}?${what}buffer_tier=${tier}`, V1)
  /** Chunks that have come beyond those that the clock asks for. */
  const ahead = (client) => client.chunks.length - (performance.now() - client.chunks[0].at) / 100
  const status = async (client) => (await client.text('buffer_status', client.texts.length, 7000)).buffer_health
  await Promise.all(Object.entries(DEPTHS).map(async ([tier, depth]) => {
    const client = await open('seed=12&preset=focus&', tier), { buffer_config: config } = await client.text('connection_established')
    assert.deepEqual([config.initial_tier, config.target_buffer_ms], [tier, depth])
    await client.takeChunks(5)
    const { target_depth_chunks: target, current_depth_chunks: current, current_tier: name } = await status(client)
    assert.deepEqual([target, name], [depth / 100, tier])
    assert.ok(Math.abs(current - target) < 2.5, `${tier}: ${current}`)
    assert.ok(Math.abs(ahead(client) - target) < 4, `${tier}: ${ahead(client)} chunks ahead`)
    await client.close()
  }))
  const own = await open('seed=12&preset=focus&', 'minimal'), station = await open('', 'minimal')
  const both = [own, station], even = station.chunks
  await Promise.all(both.map((client) => client.takeChunks(10)))
  for (const [before, tier] of [['minimal', 'defensive'], ['defensive', 'normal']]) {
    await sleep(1000) // a change a second
    await Promise.all(both.map(async (client) => {
      const from = client.texts.length, had = ahead(client)
      client.say({ type: 'buffer_control', requested_tier: tier })
      const ack = await client.text('buffer_control_ack', from)
      assert.deepEqual([ack.previous_tier, ack.new_tier], [before, tier])
      const health = await status(client), more = (DEPTHS[tier] - DEPTHS[before]) / 100
      assert.deepEqual([health.target_depth_chunks, health.current_tier], [DEPTHS[tier] / 100, tier])
      assert.deepEqual([client.chunks.at(-1).current_tier, client.texts.some(({ type }) => type === 'error')], [tier, false])
      if (client !== own) return // what is not composed yet nobody can send: its player makes the room
      await until(() => Math.abs(ahead(client) - had - more) < 3, `${tier}: ${more} chunks more (had ${had}, has ${ahead(client)})`, 4000)
      assert.ok(Math.abs(client.chunks.at(-1).buffer_depth - DEPTHS[tier] / 100) < 2.5)
    }))
  }
  const heard = Buffer.concat(own.chunks.map(({ data }) => data))
  assert.ok(heard.equals(offline.subarray(0, heard.length)), 'nothing is left out or said twice')
  for (const client of both) client.chunks.forEach((chunk, i) => assert.equal(chunk.chunk_id, i))
  const gaps = even.slice(10).map((chunk, i) => chunk.at - even[i + 9].at)
  assert.ok(Math.max(...gaps) < 300, `a station flows evenly: ${Math.max(...gaps)} ms`)
})

test('a tier follows jitter and underruns, and comes back; underruns that persist are told', within(90000), async (t) => {
  const server = await start(t), client = await Client.open(`${server.ws}/ws/audio/one?seed=4&buffer_tier=minimal`, V1)
  const stall = async (ms) => { // nothing is sent meanwhile
    server.child.kill('SIGSTOP')
    await sleep(ms)
    server.child.kill('SIGCONT')
  }
  const tier = () => client.chunks.at(-1).current_tier
  await client.takeChunks(30)
  assert.equal(tier(), 'minimal')
  await stall(650)
  await until(() => tier() === 'normal', 'a step up', 4000)
  const from = client.texts.length, { buffer_health: health, performance: done } = await client.text('buffer_status', from, 7000)
  assert.equal(done.underruns, 1)
  assert.ok(health.jitter_ms > 1, JSON.stringify(health))
  assert.equal(health.current_tier, 'normal', 'filling the deeper buffer is not jitter')
  await until(() => tier() === 'minimal', 'the way back down', 15000)
  assert.ok(!client.texts.some(({ type }) => type === 'error'))
  for (let i = 0; i < 11; i++) { // whoever asks for too little gets it
    client.say({ type: 'buffer_control', requested_tier: 'minimal' })
    await sleep(400)
    await stall(750)
  }
  const error = await client.text('error', 0, 8000)
  assert.deepEqual([error.error_code, error.severity], ['PERSISTENT_UNDERRUNS', 'error'])
  assert.notEqual(client.texts.findLast(({ type }) => type === 'buffer_status').buffer_health.health_status, 'healthy')
  client.chunks.forEach((chunk, i) => assert.equal(chunk.chunk_id, i))
})

test('what is wrong is answered, and the music goes on', within(60000), async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/one`, V1)
  await client.takeChunks(3)
  const bad = ['no json', '[]', '{}', { type: 'hello' }, { type: 'buffer_control' }, { type: 'buffer_control', requested_tier: 'huge' }]
  for (const message of bad) {
    const from = client.texts.length
    client.say(message)
    const error = await client.text('error', from)
    assert.deepEqual(keys(error), ['error_code', 'error_message', 'severity', 'timestamp', 'type'])
    assert.equal(error.error_code, 'INVALID_MESSAGE')
    assert.ok(error.error_message.length > 5)
    await sleep(150)
  }
  await client.takeChunks(client.chunks.length + 5)
  client.chunks.forEach((chunk, i) => assert.equal(chunk.chunk_id, i))
})

test('a message too large and a flood are closed with 1008; neighbours hear nothing of it', within(60000), async (t) => {
  const server = await start(t)
  const neighbour = await Client.open(`${server.ws}/ws/audio/neighbour`, V1)
  const large = await Client.open(`${server.ws}/ws/audio/large`, V1)
  large.say({ type: 'buffer_control', requested_tier: 'x'.repeat(1100) })
  assert.equal((await large.closed).code, 1008)
  const flood = await Client.open(`${server.ws}/ws/audio/flood`, V1)
  for (let i = 0; i < 40; i++) flood.say({ type: 'hello' })
  assert.equal((await flood.closed).code, 1008)
  assert.ok(flood.texts.some(({ error_code: code }) => code === 'RATE_LIMIT_EXCEEDED'))
  await neighbour.takeChunks(neighbour.chunks.length + 10)
  neighbour.chunks.forEach((chunk, i) => assert.equal(chunk.chunk_id, i))
  assert.equal(neighbour.socket.readyState, 1)
})

test('handshakes are refused with status and body', within(60000), async (t) => {
  const server = await start(t)
  const cases = [
    ['/ws/audio/admin', 400, 'client_id'], ['/ws/audio/a%20b', 400, 'client_id'], [`/ws/audio/${'x'.repeat(65)}`, 400, 'client_id'],
    ['/ws/audio/a?buffer_tier=huge', 400, 'buffer_tier'], ['/ws/audio/a?format=int16', 400, 'format'],
    ['/ws/audio/a?seed=1&bpm=500', 400, 'bpm'], ['/ws/audio/a?bpm=50', 400, 'bpm'], ['/ws/audio/a?sede=1', 400, 'sede'],
    ['/ws/audio/a?station=nowhere', 404, 'station'], ['/ws/audio/a?seed=1&preset=nowhere', 404, 'name'],
  ]
  for (const [path, status, field] of cases) {
    const failure = await Client.open(server.ws + path, V1).then(() => assert.fail(`${path} is accepted`), (error) => error)
    assert.equal(failure.status, status, `${path}: ${failure}`)
    const { error } = JSON.parse(failure.body)
    assert.equal(error.details.field, field, path)
    assert.ok(error.message.length > 5)
  }
  const failure = await Client.open(`${server.ws}/ws/audio/a`, 'mqtt').then(() => assert.fail('accepted'), (error) => error)
  assert.ok(failure)
})

test('a stopping server warns, then closes with 1001', within(60000), async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/one`, V1)
  await client.takeChunks(3)
  const exit = server.stop()
  const warning = await client.text('shutdown_warning')
  assert.deepEqual(keys(warning), ['drain_period_sec', 'reason', 'type'])
  assert.equal(warning.drain_period_sec, 5)
  assert.equal((await client.closed).code, 1001)
  assert.equal(await exit, 0)
})

test('whoever reads too slowly is told, and goes over without a step; v0 too', within(60000), async (t) => {
  const server = await start(t)
  const pieces = { '/ws/audio/own?seed=5&start=882000&': V1, '/ws/audio/shared?': V1, '/ws/stream?seed=5&start=882000&': undefined }
  await Promise.all(Object.entries(pieces).map(async ([path, protocol]) => {
    const client = await Client.open(`${server.ws}${path}buffer_tier=minimal`, protocol)
    const told = () => client.texts.filter((text) => (text.error_code ?? text.code) === 'BUFFER_OVERRUN').length > 0
    await client.takeChunks(10)
    client.socket.pause()
    await sleep(9000) // longer than what sockets hold and twice the deepest tier
    client.socket.resume()
    await until(told, 'the word', 5000)
    await client.takeChunks(client.chunks.length + 10)
    const all = Buffer.concat(client.chunks.map((chunk) => chunk.data))
    const step = (i) => Math.abs(all.readInt16LE(2 * i + 4) - all.readInt16LE(2 * i))
    const steps = Array.from({ length: all.length / 2 - 2 }, (_, i) => step(i))
    const seams = steps.filter((_, i) => (i + 2) % 8820 < 2), inside = steps.filter((_, i) => (i + 2) % 8820 >= 2)
    const most = (list) => list.reduce((a, b) => Math.max(a, b), 0)
    assert.ok(most(seams) <= most(inside), `${path}: a step of ${most(seams)} between chunks, ${most(inside)} within them`)
  }))
})
