// delivery.test.mjs — how chunks reach a listener: changes that are heard at once, Opus, memory that comes back.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { AURALIS, Client, SLOW, Server, sleep, until, within } from './helpers.mjs'

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

test('a change is heard where the player is, and what was sent before is replaced', within(60000), async (t) => {
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
  // Once; where rendering anew takes long, what plays meanwhile changes too, and both are said.
  const told = client.texts.filter(({ type }) => type === 'parameters').length
  assert.ok(told === 1 || told === 2, `told ${told} times`)
})

test('what did not change is the same when it is rendered anew, after a change of tempo too', within(60000), async (t) => {
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

test('a hand that keeps turning is heard a quarter of a second later at the latest', within(60000), async (t) => {
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
  // Where that takes more than a second it is given up: then what plays meanwhile has changed.
  assert.ok(times >= (SLOW ? 0 : 2) && times <= 12, `${times} times`)
  await sleep(600)
  assert.ok(rms(client.chunks.slice(-20)) < 0.02)
})

test('Opus comes in whole packets, personal and shared', within(60000), async (t) => {
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

test('who was cut off comes back to the same moment, also after the server was killed', within(60000), async (t) => {
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

test('a server that has no time left refuses newcomers, and those who play go on', { ...within(60000), skip: SLOW }, async (t) => {
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

test('a buffer that ran out at the deepest tier is deeper from then on, and nothing is left out', within(90000), async (t) => {
  const server = await start(t)
  const open = (name, of = 'seed=3') =>
    Client.open(`${server.ws}/ws/audio/${name}?${of}&chunk=9600&format=float32&buffer_tier=defensive`, V2)
  const pause = async (...who) => {
    const client = await open(...who)
    client.socket.pause() // before it has read much: the kernel gives more room to who reads fast
    return client
  }
  const blocked = await pause('blocked'), shared = await pause('shared', 'station=main'), away = await pause('away', 'station=main')
  const told = await open('told')
  assert.equal((await told.text('hello')).buffer.target_ms, 3000)
  await told.takeChunks(20)
  told.say({ type: 'report', depth_ms: 0, underruns: 1, jitter_ms: 2 })
  assert.deepEqual(await told.text('tier'), { type: 'tier', tier: 'defensive', target_ms: 4250 })
  await sleep(8500)
  for (const client of [blocked, shared]) {
    client.socket.resume()
    const { target_ms: depth } = await client.text('tier')
    assert.ok(depth >= 3250 && depth <= 10000, `${depth} ms deep`)
    await client.takeChunks(client.chunks.length + 15)
  }
  for (const { chunks } of [blocked, shared, told])
    chunks.forEach((chunk, i) => assert.deepEqual([chunk.frame, chunk.discontinuity], [chunks[0].frame + i * 9600, false]))
  await sleep(6000) // more than is kept of a station
  away.socket.resume()
  await until(() => away.chunks.some((chunk) => chunk.discontinuity), 'a skip')
  assert.ok(away.chunks.every((chunk) => chunk.discontinuity === chunk.faded), 'a step')
})

test('memory comes back when a crowd has left', { ...within(60000), skip: SLOW }, async (t) => {
  const server = await start(t, '--threads', '1')
  const resident = () => Number(readFileSync(`/proc/${server.child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024
  const crowd = (...more) => execFileSync(AURALIS, ['load', '-n', '80', '--ramp', '1s', '--duration', '1s', '--verify', '0',
    '--protocol', 'v2,v2-opus,v1', ...more, server.http], { stdio: 'ignore', timeout: 30000 })
  const before = resident()
  crowd()
  crowd('--churn', '100', '--shared', '30')
  let after
  for (let i = 0; i < 12 && !((after = resident()) < before + 2); i++) await sleep(1000)
  assert.ok(after < before + 2, `${before} MB before, ${after} MB after`)
})

test('a session of its own is raised above others, and says how far', within(20000), async (t) => {
  const file = '/proc/self/autogroup'
  if (!existsSync(file)) return t.skip('sessions are not grouped here')
  const child = spawn(AURALIS, ['serve', '--listen', '127.0.0.1:0', '--state-dir', ':memory:'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (bytes) => (said += bytes))
  await until(() => /^Priority: session (-?\d+),/m.test(said), 'its priority')
  const told = said.match(/session (-?\d+),/)[1], before = readFileSync(file, 'latin1').match(/nice (-?\d+)/)[1]
  assert.match(readFileSync(`/proc/${child.pid}/autogroup`, 'latin1'), new RegExp(`nice ${told}\n`))
  if (process.getuid() === 0) assert.equal(told, '-10')
  await start(t) // in our session, which is not its
  assert.equal(readFileSync(file, 'latin1').match(/nice (-?\d+)/)[1], before)
})

test('a render thread that is pinned stays on the core that the server names', within(20000), async (t) => {
  const server = await start(t, '--threads', '1', '--pin', 'on')
  await until(() => /^Render threads: on core \d+$/m.test(server.output), 'the core')
  const core = server.output.match(/on core (\d+)/)[1]
  const tasks = readdirSync(`/proc/${server.child.pid}/task`).map((task) => readFileSync(`/proc/${server.child.pid}/task/${task}/status`, 'utf8'))
  assert.ok(tasks.filter((text) => text.match(/Cpus_allowed_list:\s+(.*)/)[1] === core).length >= 1, 'no thread stays there')
})
