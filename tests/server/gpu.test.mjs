// gpu.test.mjs — what listeners hear when the server's GPU is lost: on a libcuda of the tests (tests/gpu/fake_cuda.c), whose
// faults begin when a file appears.
//
// The GPU, the server and all listeners share one machine, which may be busy: the listeners are few, so that this process
// keeps up with them (who says nothing for ten seconds after it has connected is hung up on), what decides is how long the
// server takes and not how fast the machine is (faulty_render.c), and nothing else has a short limit.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { Client, SLOW, Server, render, sleep, until, within } from './helpers.mjs'

const SLOWEST = 120000 // ms, for what takes a few seconds on a machine of one's own
const V2 = 'auralis-v2', CHUNK = 4800

/** A server on the GPU of the tests, which fails in the ways of `faults` when `fail` is called. */
async function start(t, faults, ...options) {
  const folder = mkdtempSync(`${tmpdir()}/auralis-`)
  process.env.FAKE_CUDA = faults.replaceAll('NOW', `${folder}/now`)
  const server = await Server.start('--device', 'cuda', ...options)
  server.fail = () => writeFileSync(`${folder}/now`, '')
  server.settled = () => until(async () => {
    const state = await gpu(server)
    return state.faults && !state.waiting && state
  }, 'the rescue to end', SLOWEST)
  t.after(async () => {
    await server.end()
    rmSync(folder, { recursive: true })
  })
  return server
}

const open = (server, query) => Client.open(`${server.ws}/ws/audio/a?chunk=${CHUNK}&format=float32&${query}`, V2)
const samples = ({ data }) => new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length))

/** Calls until it does not fail. */
async function insist(call, ms = SLOWEST) {
  for (const end = performance.now() + ms; ; await sleep(200)) {
    try {
      return await call()
    } catch (error) {
      if (performance.now() > end) throw error
    }
  }
}

/** The largest distance of what a listener got (its last so many chunks) from what the processor renders; everything must have
 *  come, in order, but for gaps that the listener was told of, where they are allowed: a busy machine may be late for a small
 *  buffer. */
function farthest(client, seed, last = Infinity, gaps = false) {
  const frames = client.chunks.at(-1).frame + CHUNK
  let due = client.chunks[0].frame
  const wav = render('--seed', String(seed), '--duration', `${frames / 48000 + 1}`, '--format', 'float')
  const right = new Float32Array(wav.buffer.slice(wav.byteOffset, wav.byteOffset + (wav.length & ~3)))
  let worst = 0
  client.chunks.forEach((chunk, i) => {
    assert.ok(chunk.discontinuity ? gaps && chunk.frame >= due : chunk.frame === due, `chunk ${i}: frame ${chunk.frame} for ${due}`)
    due = chunk.frame + CHUNK
    if (i >= client.chunks.length - last) samples(chunk).forEach((x, n) => (worst = Math.max(worst, Math.abs(x - right[2 * chunk.frame + n]))))
  })
  return worst
}

/** What the server says of its GPUs. */
const gpu = async (server) => (await server.json('/api/status')).gpu

for (const [name, fault] of [['lost', 'launch:NOW,graph:NOW'], ['hung', 'hang:NOW']]) test(`a GPU ${name} in mid-stream: who listens hears nothing of it`, { ...within(240000), skip: SLOW }, async (t) => {
  const server = await start(t, fault)
  await sleep(2200) // the first second is spent on the station's past, and counts against newcomers
  const client = await insist(() => open(server, 'seed=5&buffer_tier=defensive')) // a busy machine lets nobody in for a while
  await client.takeChunks(40, SLOWEST)
  assert.match((await server.json('/api/status')).synthesis_engine.device, /^cuda/)
  const ahead = () => client.texts.findLast(({ type }) => type === 'status')?.sent_ms_ahead
  await until(() => ahead() > 1500, 'a full buffer', SLOWEST) // who has nothing in hand cannot wait for a rescue
  const working = await until(async () => {
    const state = await gpu(server)
    return state.utilisation > 0 && state // it is of the last second
  }, 'utilisation', SLOWEST)
  assert.ok(working.memory_bytes > 2e5 && working.kernel_seconds > 0 && working.utilisation <= 1, JSON.stringify(working))
  server.fail()
  const failed = performance.now()
  await until(async () => (await gpu(server)).faults, 'the fault', SLOWEST)
  assert.ok(performance.now() - failed < 5000, 'it is noticed soon')
  await client.takeChunks(client.chunks.length + 50, SLOWEST)
  const worst = farthest(client, 5)
  assert.ok(worst < 1e-6, `${worst} away`)
  const { faults, rescued, shed, waiting } = await gpu(server)
  assert.deepEqual({ faults, rescued, shed, waiting }, { faults: 1, rescued: 2, shed: 0, waiting: 0 })
  await until(() => /a GPU failed; rendering on cpu/.test(server.errors), 'the log')
})

const overloaded = (client) => client.texts.some(({ code, error_code }) => (code ?? error_code) === 'SERVER_OVERLOAD')

test('a GPU lost with more than the processor can take: the oldest stay, the others may come back', { ...within(300000), skip: SLOW }, async (t) => {
  process.env.AURALIS_TEST_SLOW_RESCUE = '100' // of two seconds, which is what they have in hand: for less than 20 of 42
  t.after(() => delete process.env.AURALIS_TEST_SLOW_RESCUE)
  const server = await start(t, 'idle,launch:NOW,graph:NOW')
  const seeds = [...Array(36).keys()], listeners = []
  for (const seed of seeds) listeners.push(await insist(() => open(server, `seed=${seed}&buffer_tier=stable`)))
  const olds = [] // v1: the youngest, so most of them must go
  for (const seed of seeds.slice(0, 6))
    olds.push(await insist(() => Client.open(`${server.ws}/ws/audio/v${seed}?seed=${seed}&buffer_tier=stable`, 'auralis-v1')))
  for (const client of listeners) await client.takeChunks(22, SLOWEST)
  server.fail()
  const settled = await server.settled()
  await until(() => [...listeners, ...olds].filter(overloaded).length === settled.shed, 'all who have to go to hear so', SLOWEST)
  const shed = listeners.filter(overloaded)
  const kept = listeners.filter((client) => !shed.includes(client))
  assert.ok(kept.length >= 3 && shed.length > 0, `${kept.length} stayed, ${shed.length} had to go`)
  const mean = (some) => some.reduce((sum, client) => sum + listeners.indexOf(client), 0) / some.length
  // After the first few, a buffer a little deeper may save a younger one.
  assert.deepEqual(kept.slice(0, 3).map((client) => listeners.indexOf(client)), seeds.slice(0, 3))
  assert.ok(mean(kept) < mean(shed), 'the oldest stay')

  // Who stays gets everything, in order, and from the seam on what the processor plays.
  for (const client of [kept[0], kept.at(-1)]) {
    await client.takeChunks(client.chunks.length + 20, SLOWEST)
    assert.ok(farthest(client, listeners.indexOf(client), 20, true) < 1e-6)
  }
  assert.equal(kept.filter(({ socket }) => socket.readyState !== 1).length, 0)

  // Who goes hears why, is closed with "try again later", and goes on with the word it was given.
  for (const client of shed) assert.equal((await client.closed).code, 1013)
  const { resume, message } = await shed[0].text('error')
  assert.match(message, /device .* failed/)
  for (const client of kept.splice(1)) await client.close()
  const again = await insist(() => open(server, `resume=${resume}`))
  assert.deepEqual((await again.text('hello')).seed, String(listeners.indexOf(shed[0])))
  assert.equal((await again.takeChunks(5, SLOWEST))[0].frame, shed[0].chunks.at(-1).frame + CHUNK)
  assert.ok(farthest(again, listeners.indexOf(shed[0]), 5, true) < 1e-6)

  const gone = olds.filter(overloaded)
  assert.ok(gone.length > 0)
  for (const client of gone) assert.equal((await client.closed).code, 1013)
  const counted = await (await fetch(`${server.http}/metrics`)).text()
  assert.match(counted, /^auralis_gpu_faults_total 1$/m)
  assert.match(counted, /^auralis_streams_gpu_full_total 0$/m)
  assert.match(counted, /^auralis_gpu_memory_allocated_bytes 0$/m)
  assert.match(counted, /^auralis_gpu_kernel_seconds_total 0?\.\d/m)
  assert.match(counted, new RegExp(`^auralis_streams_shed_total ${shed.length + gone.length}$`, 'm'))
})
