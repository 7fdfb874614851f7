// v0.test.mjs — /ws/stream, the oldest protocol.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, Server, render, until, within } from './helpers.mjs'

const keys = (object) => Object.keys(object).sort()

async function open(t, query = '') {
  const server = await Server.start()
  t.after(() => server.kill())
  return [await Client.open(`${server.ws}/ws/stream${query}`), server]
}

test('connected, then audio', within(60000), async (t) => {
  const [client] = await open(t)
  const chunks = await client.takeChunks(15)
  const { message, ...hello } = client.texts[0]
  assert.equal(typeof message, 'string')
  assert.deepEqual(hello, { type: 'connected', sample_rate: 44100, chunk_size_ms: 100 })
  chunks.forEach((chunk, i) => {
    assert.deepEqual(keys(chunk), ['at', 'data', 'format', 'sample_rate', 'sequence', 'timestamp', 'type'])
    assert.equal(chunk.sequence, i)
    assert.equal(chunk.data.length, 17640)
    assert.deepEqual([chunk.sample_rate, chunk.format], [44100, 'pcm16'])
    assert.ok(Number.isInteger(chunk.timestamp) && Math.abs(chunk.timestamp - Date.now()) < 30000)
  })
})

test('a personal stream is the rendering, bit for bit', within(60000), async (t) => {
  const [client] = await open(t, '?seed=77&preset=bright')
  const live = Buffer.concat((await client.takeChunks(20)).map((chunk) => chunk.data))
  assert.ok(live.equals(render('--seed', '77', '--preset', 'bright', '--rate', '44100', '--format', '16', '--duration', '3s').subarray(0, live.length)))
})

test('ping, buffer_status, control', within(60000), async (t) => {
  const [client, server] = await open(t)
  await client.takeChunks(12)
  client.say({ type: 'ping' })
  assert.deepEqual(await client.text('pong'), { type: 'pong' })
  client.say({ type: 'buffer_status' })
  const status = await client.text('buffer_status')
  assert.deepEqual(keys(status), ['depth_ms', 'type'])
  assert.ok(status.depth_ms > 100 && status.depth_ms < 3500, `${status.depth_ms}`)
  client.say({ type: 'control', bpm: 63 })
  const change = await client.text('control')
  assert.deepEqual(keys(change), ['applies_at', 'parameters', 'type', 'warnings'])
  assert.equal(change.parameters.bpm, 63)
  assert.match(change.applies_at, /^\d+$/)
  const from = client.texts.length
  client.say({ type: 'control', parameters: { mode: 'dorian' } })
  assert.equal((await client.text('control', from)).parameters.mode, 'dorian')
  const { parameters } = await server.json('/api/status')
  assert.deepEqual([parameters.bpm, parameters.mode], [63, 'dorian'])
})

test('what is wrong is answered and changes nothing', within(60000), async (t) => {
  const [client, server] = await open(t)
  await client.takeChunks(3)
  const { parameters: before } = await server.json('/api/status')
  for (const [message, code, field] of [
    ['nonsense', 'INVALID_JSON'], [{ type: 'hello' }, 'INVALID_MESSAGE', 'type'], [{ type: 'control', bpm: 50, level: 1 }, 'INVALID_VALUE', 'level'],
    [{ type: 'control', parameters: { tempo: 50 } }, 'UNKNOWN_FIELD', 'tempo'],
    [{ type: 'control', bpm: 50, parameters: { bpm: 50 } }, 'INVALID_MESSAGE', 'parameters'],
  ]) {
    const from = client.texts.length
    client.say(message)
    const error = await client.text('error', from)
    assert.deepEqual(keys(error), ['code', 'details', 'message', 'type'])
    assert.deepEqual([error.code, error.details.field], [code, field])
  }
  assert.deepEqual((await server.json('/api/status')).parameters, before)
  const from = client.chunks.length
  await until(() => client.chunks.length > from + 5, 'the music to go on')
  client.chunks.forEach((chunk, i) => assert.equal(chunk.sequence, i))
})
