// delivery.test.mjs — how chunks reach a listener: changes that are heard at once, Opus, memory that comes back.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { AURALIS, Client, Server, sleep, until } from './helpers.mjs'

const SLOW = process.env.AURALIS_SLOW === '1'
const V2 = 'auralis-v2'

async function start(t, ...options) {
  const server = await Server.start(...options)
  t.after(() => server.end())
  return server
}

const samples = ({ data }) => new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length))
const rms = (chunks) => {
  const all = chunks.flatMap((chunk) => [...samples(chunk)])
  return Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length)
}

/** Says a control as a player does that plays half a second behind what has come; gives what came anew. */
async function turn(client, parameters) {
  const before = client.chunks.length, heard = client.chunks.at(-1).frame - 24000, asked = performance.now()
  client.say({ type: 'control', parameters, heard: String(heard) })
  await until(() => client.chunks.slice(before).some(({ anew }) => anew), 'what is rendered anew')
  const first = client.chunks.findIndex(({ anew }, i) => anew && i >= before)
  return { heard, first, took: client.chunks[first].at - asked }
}

test('a change is heard where the player is, and what was sent before is replaced', { timeout: 60000 }, async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/a?seed=3&start=960000&buffer_tier=stable`, V2)
  await client.takeChunks(150)
  const { heard, first, took } = await turn(client, { level: -40 })
  assert.equal(client.chunks[first].frame, heard)
  await until(() => client.chunks.at(-1).frame > heard + 48000, 'the rest')
  client.chunks.forEach((chunk, i) => {
    assert.equal(chunk.sequence, i)
    assert.equal(chunk.frame, (i < first ? 960000 : heard - first * 960) + i * 960)
  })
  const old = client.chunks.slice(0, first).filter(({ frame }) => frame >= heard + 9600)
  const now = client.chunks.slice(first).filter(({ frame }) => frame >= heard + 9600 && frame < heard + 24000)
  assert.ok(rms(now) < 0.05 * rms(old), `${rms(old)} fell to ${rms(now)}`)
  assert.ok(SLOW || took < 1000, `it took ${took} ms`)
  const { by, parameters } = await client.text('parameters')
  assert.deepEqual([by, parameters.level], ['you', -40])
  assert.equal(client.texts.filter(({ type }) => type === 'parameters').length, 1)
})

test('what did not change is the same when it is rendered anew, after a change of tempo too', { timeout: 60000 }, async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/a?seed=3&buffer_tier=defensive&chunk=4800&enable_melody=false&enable_swells=false`, V2)
  await client.takeChunks(40)
  client.say({ type: 'control', parameters: { bpm: 90 } })
  const at = Number((await client.text('parameters')).applies_at)
  await until(() => client.chunks.at(-1).frame > at + 10 * 48000 || SLOW, 'what sounded before to die away')
  const { heard, first } = await turn(client, { enable_kicks: true })
  await until(() => client.chunks.at(-1).frame >= heard + 24000, 'the rest')
  assert.ok(SLOW || same(client.chunks.slice(0, first), client.chunks.slice(first)) >= 2)
})

test('a hand that keeps turning is heard a quarter of a second later at the latest', { timeout: 60000 }, async (t) => {
  const server = await start(t)
  const client = await Client.open(`${server.ws}/ws/audio/a?seed=8&start=960000&buffer_tier=defensive`, V2)
  await client.takeChunks(200)
  for (let level = -1; level >= -30; level--) {
    client.say({ type: 'control', parameters: { level }, heard: String(client.chunks.findLast(({ frame }) => frame)?.frame - 96000) })
    await sleep(30)
  }
  await until(() => client.texts.findLast(({ type }) => type === 'parameters')?.parameters.level === -30, 'the last turn')
  const turned = performance.now()
  await until(() => client.chunks.findLast(({ anew }) => anew)?.at > turned || performance.now() > turned + 1500, 'the last rendering')
  const times = client.chunks.filter(({ anew }) => anew).length
  assert.ok(times >= (SLOW ? 1 : 2) && times <= 12, `${times} times`)
  await sleep(600)
  assert.ok(rms(client.chunks.slice(-20)) < 0.02)
})

test('Opus comes in whole packets, personal and shared', { timeout: 60000 }, async (t) => {
  const server = await start(t)
  for (const query of ['seed=5&format=opus', 'format=opus&chunk=1920']) {
    const client = await Client.open(`${server.ws}/ws/audio/a?${query}`, V2)
    const hello = await client.text('hello'), chunks = await client.takeChunks(12)
    assert.deepEqual([hello.format, hello.pre_skip], ['opus', 312])
    chunks.forEach((chunk, i) => {
      assert.deepEqual([chunk.format, chunk.frame], [2, Number(hello.frame) + i * hello.chunk_frames])
      let at = 0, packets = 0
      for (; at < chunk.data.length; packets++) at += 2 + chunk.data.readUInt16LE(at)
      assert.equal(at, chunk.data.length)
      assert.equal(packets * 960, hello.chunk_frames)
    })
  }
  await assert.rejects(Client.open(`${server.ws}/ws/audio/a?seed=5&format=opus&chunk=480`, V2), /"field": "chunk"/)
})

test('who was cut off comes back to the same moment, also after the server was killed', { timeout: 60000 }, async (t) => {
  const folder = mkdtempSync(`${tmpdir()}/auralis-`)
  t.after(() => rmSync(folder, { recursive: true }))
  const server = await Server.start('--state-dir', folder)
  const open = (where, query) => Client.open(`${where.ws}/ws/audio/a?chunk=4800&buffer_tier=defensive&${query}`, V2)
  const whole = await open(server, 'seed=11&enable_melody=false&enable_swells=false')
  await whole.takeChunks(31)
  whole.say({ type: 'control', parameters: { bpm: 94 } })
  const at = Number((await whole.text('parameters')).applies_at)
  await until(() => whole.chunks.at(-1).frame > at + 12 * 48000, 'what sounded before to die away', 30000)
  const heard = whole.texts.length
  const { resume } = await whole.text('status', heard)
  assert.ok(resume.length < 900)
  const from = whole.chunks.at(-1).frame - 2 * 48000
  const again = await open(server, `resume=${resume}&start=${from}`)
  const hello = await again.text('hello')
  assert.deepEqual([hello.seed, hello.frame, hello.parameters.bpm], ['11', String(from), 94])
  assert.ok(same(whole.chunks, await again.takeChunks(15)) >= 10)
  for (const wrong of [resume.replace(/.$/, (c) => (c === '0' ? '1' : '0')), 'abc', `${resume}00`])
    await assert.rejects(open(server, `resume=${wrong}`), /"field": "resume"/)
  await assert.rejects(open(server, `resume=${resume}&start=5`), /"field": "start"/)
  await assert.rejects(open(server, `resume=${resume}&seed=5`), /"field": "resume"/)
  await server.kill()
  const second = await Server.start('--state-dir', folder)
  t.after(() => second.end())
  const later = await open(second, `resume=${resume}&start=${from}`)
  assert.ok(same(whole.chunks, await later.takeChunks(15)) >= 10)
  const stranger = await start(t)
  await assert.rejects(open(stranger, `resume=${resume}`), /"field": "resume"/)
})

/** How many of `now` are in `old` too; all of these must agree to −100 dB. */
function same(old, now) {
  const both = now.map((chunk) => [chunk, old.find(({ frame }) => frame === chunk.frame)]).filter(([, chunk]) => chunk)
  for (const [a, b] of both) {
    const x = samples(a), y = samples(b)
    const worst = x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i])), 0)
    assert.ok(worst < 1e-5, `frame ${a.frame}: they differ by ${worst}`)
  }
  return both.length
}

test('a server that has no time left refuses newcomers, and those who play go on', { timeout: 60000, skip: SLOW }, async (t) => {
  const server = await start(t, '--threads', '1', '--isa', 'scalar')
  const first = await Client.open(`${server.ws}/ws/audio/first?seed=1&chunk=4800&buffer_tier=defensive`, V2)
  await first.takeChunks(31)
  const refused = []
  for (let round = 0; round < 16 && !refused.length; round++) {
    const more = await Promise.allSettled(Array.from({ length: 40 }, (_, i) =>
      Client.open(`${server.ws}/ws/audio/more?seed=${round * 40 + i}&chunk=4800`, V2)))
    refused.push(...more.filter(({ status }) => status === 'rejected').map(({ reason }) => reason))
    await sleep(1200)
  }
  assert.ok(refused.length, 'nobody was refused')
  assert.ok(refused.every(({ status, body }) => status === 503 && /SERVER_OVERLOAD/.test(body)))
  const answer = await fetch(`${server.http}/listen.wav?seed=5`)
  assert.ok(answer.status !== 503 || answer.headers.get('retry-after') === '5')
  answer.body.cancel()
  const from = first.chunks.length
  await first.takeChunks(from + 20)
  first.chunks.forEach((chunk, i) => assert.deepEqual([chunk.frame, chunk.discontinuity], [i * 4800, false]))
})

test('memory comes back when a crowd has left', { timeout: 60000, skip: SLOW }, async (t) => {
  const server = await start(t, '--threads', '1')
  const resident = () => Number(readFileSync(`/proc/${server.child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024
  const crowd = (...more) => execFileSync(AURALIS, ['load', '-n', '80', '--ramp', '1s', '--duration', '1s', '--verify', '0',
    '--protocol', 'v2,v2-opus,v1', ...more, server.http], { stdio: 'ignore' })
  crowd()
  await sleep(3000)
  const before = resident()
  crowd('--churn', '100', '--shared', '30')
  await sleep(3000)
  const after = resident()
  assert.ok(after < before + 2, `${before} MB before, ${after} MB after`)
})
