// faults.test.mjs — a stream whose rendering fails: a dip in its piece, a number in the metrics, a line in the log. And a
// change that takes long to be rendered anew.
//
// Runs a server that is built to fail (faulty_render.c).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, Server, render, until, within } from './helpers.mjs'

const floats = (bytes) => new Float32Array(Uint8Array.from(bytes).buffer)
const samples = (client) => floats(Buffer.concat(client.chunks.slice(0, 40).map(({ data }) => data)))
const piece = (seed) => floats(render('--seed', seed, '--duration', '4', '--format', 'float'))

test('a stream whose rendering fails goes on in its piece, and its neighbour hears nothing', within(60000), async (t) => {
  process.env.AURALIS_TEST_FAULT_SEED = '7'
  const server = await Server.start('--threads', '1')
  delete process.env.AURALIS_TEST_FAULT_SEED
  t.after(() => server.end())
  const [faulty, sound] = await Promise.all([7, 8].map((seed) => Client.open(`${server.ws}/ws/audio/a${seed}?seed=${seed}&chunk=4800`, 'auralis-v2')))
  await Promise.all([faulty.takeChunks(40), sound.takeChunks(40)])
  const [heard, wanted] = [samples(faulty), piece('7')]
  faulty.chunks.slice(0, 40).forEach((chunk, i) => assert.deepEqual([chunk.frame, chunk.discontinuity], [i * 4800, false]))
  assert.ok(heard.every(Number.isFinite), 'no number')
  assert.ok(Buffer.from(samples(sound).buffer).equals(Buffer.from(piece('8').buffer)), 'the neighbour')
  const away = (from, to) => heard.subarray(2 * from, 2 * to).reduce((most, x, i) => Math.max(most, Math.abs(x - wanted[2 * from + i])), 0)
  assert.equal(away(0, 90000), 0, 'before')
  assert.ok(away(90000, 110000) > 1e-3, 'nothing failed')
  assert.ok(away(110000, 190000) < 1e-3, `after it another piece: ${away(110000, 190000)}`)
  assert.equal((await server.json('/api/status')).streams_restarted, 1)
  assert.match(await (await fetch(`${server.http}/metrics`)).text(), /^auralis_streams_restarted_total 1$/m)
  await until(() => /rendering failed; 1 stream was begun again/.test(server.errors), 'a line in the log')
})

test('a stream that cannot be opened is said with 1011, over HTTP by the end, and its neighbour plays on', within(60000), async (t) => {
  process.env.AURALIS_TEST_NO_SEED = '7'
  const server = await Server.start()
  delete process.env.AURALIS_TEST_NO_SEED
  t.after(() => server.end())
  const sound = await Client.open(`${server.ws}/ws/audio/a?seed=8&chunk=4800`, 'auralis-v2')
  for (const protocol of ['auralis-v1', 'auralis-v2']) {
    const client = await Client.open(`${server.ws}/ws/audio/a?seed=7`, protocol)
    assert.equal((await client.closed).code, 1011)
    assert.equal(client.chunks.length, 0)
  }
  for (const format of ['opus', 'wav']) {
    const body = await fetch(`${server.http}/listen.${format}?seed=7`, { signal: AbortSignal.timeout(within(10000).timeout) }).then((answer) => answer.arrayBuffer()).catch((error) => error)
    assert.ok(body.name !== 'TimeoutError' && (body.byteLength ?? 0) < 5000, `${format}: ${body}`)
  }
  await sound.takeChunks(sound.chunks.length + 10)
  sound.chunks.forEach((chunk, i) => assert.equal(chunk.sequence, i))
})

test('a change that takes too long to be rendered anew is in what is sent meanwhile', within(60000), async (t) => {
  process.env.AURALIS_TEST_SLOW_PREROLL = '300'
  const server = await Server.start('--threads', '2') // one renders the stream, the other one the slow one
  delete process.env.AURALIS_TEST_SLOW_PREROLL
  t.after(() => server.end())
  const client = await Client.open(`${server.ws}/ws/audio/a?seed=7`, 'auralis-v2')
  await client.takeChunks(150)
  const { frame } = client.chunks.at(-1)
  client.say({ type: 'control', parameters: { level: -20 }, heard: String(frame - 40000) })
  const told = await client.text('parameters')
  assert.equal(told.parameters.level, -20)
  const after = told.applies_at - frame // what was sent
  assert.ok(after >= 0 && after < 24000, `told of a change ${after} frames after what was sent`)
  await until(() => client.chunks.at(-1).frame > frame + 96000, 'two seconds more')
  const frames = client.chunks.map((chunk) => chunk.frame)
  assert.ok(client.chunks.every((chunk, i) => chunk.anew || i === 0 || chunk.frame === frames[i - 1] + 960), 'a gap')
})
