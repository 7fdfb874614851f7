// live.test.mjs — the stream itself: the right samples, all of them, on time, for everybody, whatever others do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, SLOW, Server, lateShare, render, sleep, until, within } from './helpers.mjs'

// With a sanitizer in it (SLOW) the server cannot render this much in time; what is delivered must still be right.
const V2 = 'auralis-v2', V1 = 'auralis-v1'

/** No sample lost, none twice. */
function assertWhole(chunks, first = 0) {
  chunks.forEach((chunk, i) => {
    assert.equal(chunk.sequence, i)
    if (chunk.frame === undefined) return
    assert.equal(chunk.frame, first + i * chunk.frames)
    assert.equal(chunk.discontinuity, false)
  })
}

test('a live stream has the samples of the offline rendering', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const open = (query) => Client.open(`${server.ws}/ws/audio/listener?${query}`, V2)
  const cases = [
    ['seed=42&preset=sleep', ['--seed', '42', '--preset', 'sleep']],
    ['seed=7&bpm=90&mode=lydian&chunk=4800', ['--seed', '7', '--bpm', '90', '--mode', 'lydian']],
    ['seed=42&preset=sleep&start=1000000&chunk=9360', ['--seed', '42', '--preset', 'sleep']],
  ]
  for (const [query, options] of cases) {
    const client = await open(query)
    const start = Number((await client.text('hello')).frame)
    await until(() => client.chunks.length && client.chunks.at(-1).frame - start > 48000 * 2.5, 'audio')
    await client.close()
    assertWhole(client.chunks, start)
    const live = Buffer.concat(client.chunks.map((chunk) => chunk.data))
    const bytes = Math.floor(live.length / 8)
    const offline = render(...options, '--duration', `${Math.ceil((start + bytes) / 48000)}s`)
    if (start === 0) assert.ok(live.equals(offline.subarray(0, live.length)), query)
    else assertClose(live, offline.subarray(start * 8, start * 8 + live.length))
  }
  assert.equal(await server.stop(), 0)
})

/** A stream that begins in the middle agrees to −100 dB. */
function assertClose(live, offline) {
  let difference = 0
  for (let at = 0; at < live.length; at += 4) difference = Math.max(difference, Math.abs(live.readFloatLE(at) - offline.readFloatLE(at)))
  assert.ok(difference < 1e-5, `difference ${difference}`)
}

test('16-bit and 44,100 Hz streams carry the same piece', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const short = await Client.open(`${server.ws}/ws/audio/short?seed=5&format=int16`, V2)
  const old = await Client.open(`${server.ws}/ws/audio/old?seed=5`, V1)
  const oldest = await Client.open(`${server.ws}/ws/stream?seed=5`)
  await short.takeChunks(100)
  for (const [client, count, rate] of [[short, 100, '48000'], [old, 20, '44100'], [oldest, 20, '44100']]) {
    const chunks = await client.takeChunks(count)
    const live = Buffer.concat(chunks.map((chunk) => chunk.data))
    assert.ok(live.equals(render('--seed', '5', '--rate', rate, '--format', '16', '--duration', '3s').subarray(0, live.length)), rate)
    assertWhole(chunks)
  }
})

/** The share of all these listeners' chunks between two times that came more than 50 ms off their row. */
function lateBetween(clients, periods, from, to) {
  const shares = clients.map((client, i) => {
    const chunks = client.chunks.filter(({ at }) => at >= from && at < to)
    return { count: chunks.length, late: lateShare(chunks, periods[i]) * chunks.length }
  })
  return shares.reduce((sum, { late }) => sum + late, 0) / shares.reduce((sum, { count }) => sum + count, 0)
}

test('ten listeners at once get everything, on time', within(90000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const kinds = [
    [V2, '/ws/audio/a', 20], [V2, '/ws/audio/b', 20], [V2, '/ws/audio/c?seed=1', 20], [V2, '/ws/audio/d?seed=2&chunk=4800', 100],
    [V1, '/ws/audio/e', 100], [V1, '/ws/audio/f', 100], [V1, '/ws/audio/g?seed=3', 100],
    [undefined, '/ws/stream', 100], [undefined, '/ws/stream', 100], [undefined, '/ws/stream?seed=4', 100],
  ]
  const clients = await Promise.all(kinds.map(([protocol, path]) => Client.open(server.ws + path, protocol)))
  const periods = kinds.map(([, , period]) => period), began = performance.now()
  await sleep(2000)
  // Another program's moment on a busy machine is not the server's: one of three spans must be good.
  let late = 1
  for (let span = 0; span < (SLOW ? 1 : 3) && late > 0.01; span++) {
    const from = performance.now()
    await sleep(6000)
    late = lateBetween(clients, periods, from, performance.now())
  }
  const elapsed = performance.now() - began
  for (const [i, client] of clients.entries()) {
    assertWhole(client.chunks, client.chunks[0].frame)
    if (!SLOW) assert.ok(client.chunks.length * periods[i] > elapsed, `${kinds[i][1]}: ${client.chunks.length} chunks`)
  }
  if (SLOW) return
  assert.ok(late <= 0.01, `${(late * 100).toFixed(1)} % of the chunks are off by more than 50 ms`)
  const [a, b] = clients.slice(4, 6).map((client) => Buffer.concat(client.chunks.map((chunk) => chunk.data)))
  assert.ok(b.includes(a.subarray(17640 * 15, 17640 * 25)), 'both hear the same station')
})

test('who does not read loses only its own audio', within(120000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const slow = await Client.open(`${server.ws}/ws/audio/slow?seed=1&chunk=9600&buffer_tier=minimal`, V2)
  const neighbour = await Client.open(`${server.ws}/ws/audio/neighbour?seed=2`, V2)
  slow.socket.pause()
  await sleep(24000)
  slow.socket.resume()
  await until(() => slow.chunks.some((chunk) => chunk.discontinuity), 'the gap')
  const gap = slow.chunks.findIndex((chunk) => chunk.discontinuity), before = slow.chunks[gap - 1], after = slow.chunks[gap]
  assert.equal(after.sequence, before.sequence + 1)
  assert.ok(after.frame > before.frame + before.frames)
  assert.equal((after.frame - before.frame) % before.frames, 0)
  const piece = render('--seed', '1', '--duration', `${Math.ceil((after.frame + after.frames) / 48000)}s`)
  const fade = 960, at = after.frame * 8, end = (before.frame + before.frames) * 8
  assert.ok(after.data.subarray(fade * 8).equals(piece.subarray(at + fade * 8, at + after.data.length)), 'the right place of the piece')
  assert.deepEqual([before.faded, after.faded], [false, true])
  for (let i = 0; i < 2 * fade; i++) {
    const t = ((i >> 1) + 0.5) / fade, weight = t * t * (3 - 2 * t)
    const wanted = piece.readFloatLE(end + 4 * i) * (1 - weight) + piece.readFloatLE(at + 4 * i) * weight
    assert.ok(Math.abs(after.data.readFloatLE(4 * i) - wanted) < 1e-6, `sample ${i} of the way over`)
  }
  assertWhole(neighbour.chunks)
  assert.ok(SLOW || neighbour.chunks.length > 24000 / 20, 'it got everything')
})

test('a change of a station is heard of by everybody, of a personal stream by its listener', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const [mine, theirs, alone] = await Promise.all(
    ['/ws/audio/mine', '/ws/audio/theirs', '/ws/audio/alone?seed=9'].map((path) => Client.open(server.ws + path, V2)))
  await alone.takeChunks(60)
  mine.say({ type: 'control', parameters: { bpm: 61 } })
  const [own, other] = await Promise.all([mine.text('parameters'), theirs.text('parameters')])
  assert.deepEqual([own.by, other.by, own.parameters.bpm, other.parameters.bpm], ['you', 'another', 61, 61])
  assert.equal(own.applies_at, other.applies_at)
  assert.ok(Number(own.applies_at) > 0)
  assert.equal((await server.json('/api/status')).parameters.bpm, 61)
  assert.equal(alone.texts.filter(({ type }) => type === 'parameters').length, 0)
  alone.say({ type: 'preset', name: 'sleep' })
  const changed = await alone.text('parameters')
  assert.deepEqual([changed.by, changed.parameters.mode], ['you', 'phrygian'])
  assert.equal((await server.json('/api/status')).parameters.mode, 'aeolian')
  const answer = await server.json('/api/control', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"key":"D"}' })
  assert.equal(answer.parameters.key, 'D')
  const told = () => mine.texts.filter(({ type }) => type === 'parameters')
  await until(() => told().length === 2, 'the change through HTTP')
  assert.equal(told()[1].by, 'another')
})

test('a change is heard: the level falls', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const client = await Client.open(`${server.ws}/ws/audio/a?seed=3&start=960000`, V2)
  await client.takeChunks(100)
  client.say({ type: 'control', parameters: { level: -60 } })
  const { applies_at: at } = await client.text('parameters')
  await until(() => client.chunks.at(-1).frame > Number(at) + 48000, 'what comes after')
  const peak = (chunk) => { let most = 0; for (let i = 0; i < chunk.data.length; i += 4) most = Math.max(most, Math.abs(chunk.data.readFloatLE(i))); return most }
  const before = Math.max(...client.chunks.filter((chunk) => chunk.frame + chunk.frames < Number(at)).map(peak))
  const after = Math.max(...client.chunks.filter((chunk) => chunk.frame > Number(at) + 24000).map(peak))
  assert.ok(after < before / 50, `${before} → ${after}`)
})

test('nonsense on a socket is answered, and the neighbour plays on', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const neighbour = await Client.open(`${server.ws}/ws/audio/neighbour?seed=2`, V2)
  const client = await Client.open(`${server.ws}/ws/audio/bad?seed=1`, V2)
  const cases = [
    ['{', 'INVALID_JSON'], ['[]', 'INVALID_JSON'], ['"x"', 'INVALID_JSON'], ['{}', 'INVALID_MESSAGE'],
    ['{"type":"no"}', 'INVALID_MESSAGE'], ['{"type":7}', 'INVALID_MESSAGE'],
    ['{"type":"control"}', 'INVALID_VALUE'], ['{"type":"control","parameters":{"bpm":1000}}', 'INVALID_VALUE'],
    ['{"type":"control","parameters":{"bmp":60}}', 'UNKNOWN_FIELD'], ['{"type":"control","parameters":{"bpm":60,"mode":"x"}}', 'INVALID_VALUE'],
    ['{"type":"preset","name":"no such"}', 'NOT_FOUND'], ['{"type":"preset"}', 'INVALID_VALUE'],
    ['{"type":"buffer","tier":"huge"}', 'INVALID_VALUE'], ['{"type":"report","depth_ms":"x"}', 'INVALID_VALUE'],
    ['{"type":"report","jitter_ms":-1}', 'INVALID_VALUE'], ['{"type":"ping","time":{}}', 'INVALID_VALUE'],
    [Buffer.from([1, 2, 3]), 'INVALID_MESSAGE'], ['x'.repeat(1025), 'TOO_LARGE'], ['x'.repeat(300000), 'TOO_LARGE'],
    ['[' .repeat(1000), 'INVALID_JSON'], ['{"type":"ping","type":"ping"}', 'INVALID_JSON'],
  ]
  for (const [message, code] of cases) {
    const seen = client.texts.length
    Buffer.isBuffer(message) ? client.socket.send(message) : client.say(message)
    const error = await client.text('error', seen)
    assert.equal(error.code, code, `${message}`.slice(0, 80))
    assert.ok(error.message.length > 5)
    await sleep(25)
  }
  client.say({ type: 'ping', time: 12 })
  assert.equal((await client.text('pong')).time, 12)
  assert.equal(client.texts.filter(({ type }) => type === 'parameters').length, 0)
  await neighbour.takeChunks(100)
  assertWhole(neighbour.chunks)
  assertWhole(client.chunks)
})

test('who shouts is shown the door', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  for (const protocol of [V1, V2]) {
    const client = await Client.open(`${server.ws}/ws/audio/loud`, protocol)
    for (let i = 0; i < 300; i++) client.say({ type: 'ping' })
    assert.equal((await client.closed).code, 1008)
    assert.ok(client.texts.some((message) => /RATE_LIMIT/.test(message.code ?? message.error_code)))
  }
})

test('handshakes that cannot be are refused with a reason', within(60000), async (t) => {
  const server = await Server.start('--max-listeners', '3')
  t.after(() => server.end())
  const cases = [
    ['/ws/audio/a?seed=x', V2, 400], ['/ws/audio/a?chunk=481', V2, 400], ['/ws/audio/a?nonsense=1', V2, 400],
    ['/ws/audio/admin', V2, 400], ['/ws/audio/a%2Fb', V2, 400], ['/ws/audio/' + 'x'.repeat(65), V2, 400], ['/ws/audio/a', 'else', 400],
    ['/ws/audio/a?station=none', V2, 404], ['/ws/audio/a?seed=1&preset=none', V2, 404], ['/ws/nothing', V2, 404],
    ['/ws/audio/a?seed=1&bpm=5', V1, 400], ['/ws/audio/a?buffer_tier=x', V1, 400],
  ]
  for (const [path, protocol, status] of cases) {
    const refusal = await Client.open(server.ws + path, protocol).then(() => null, (error) => error)
    assert.equal(refusal?.status, status, path)
    assert.ok(JSON.parse(refusal.body).error.message)
  }
  const three = await Promise.all([1, 2, 3].map((i) => Client.open(`${server.ws}/ws/audio/c${i}`, V2)))
  const refusal = await Client.open(`${server.ws}/ws/audio/c4`, V2).then(() => null, (error) => error)
  assert.equal(refusal?.status, 503)
  assert.equal(JSON.parse(refusal.body).error.code, 'SERVER_OVERLOAD')
  await three[0].close()
  await sleep(100)
  await (await Client.open(`${server.ws}/ws/audio/c4`, V2)).close()
})

test('after a crash the piece goes on where it was', within(60000), async (t) => {
  let server = await Server.start()
  t.after(() => server.end())
  const first = await Client.open(`${server.ws}/ws/audio/a?seed=11`, V2)
  await first.takeChunks(120)
  await server.kill()
  await first.closed
  const { frame, frames } = first.chunks.at(-1), port = server.port
  server = await Server.start('--listen', `127.0.0.1:${port}`)
  const second = await Client.open(`${server.ws}/ws/audio/a?seed=11&start=${frame + frames}`, V2)
  await second.takeChunks(60)
  assert.equal(second.chunks[0].frame, frame + frames)
  const both = Buffer.concat([...first.chunks, ...second.chunks].map((chunk) => chunk.data))
  assertClose(both, render('--seed', '11', '--duration', `${Math.ceil(both.length / 384000)}s`).subarray(0, both.length))
})

test('the server says good-bye, and a taken port is said', within(60000), async (t) => {
  const server = await Server.start('--loops', '2')
  t.after(() => server.end())
  const taken = await Server.start('--listen', `127.0.0.1:${server.port}`).then(() => null, (error) => error)
  assert.match(taken.message, /ended with 1.*taken/s)
  const clients = await Promise.all([V2, V1, undefined].map((protocol) => Client.open(`${server.ws}${protocol ? '/ws/audio/a' : '/ws/stream'}`, protocol)))
  const started = performance.now(), stopped = server.stop()
  await clients[0].text('shutdown')
  await clients[1].text('shutdown_warning')
  await clients[2].text('shutdown_warning')
  const drained = clients[0].chunks.length
  await until(() => clients[0].chunks.length > drained, 'audio while it drains', 4000)
  await Promise.all(clients.slice(1).map((client) => client.close()))
  assert.equal((await clients[0].closed).code, 1001)
  assert.equal(await stopped, 0)
  assert.ok(performance.now() - started < 8000)
  const idle = await Server.start(), before = performance.now()
  assert.equal(await idle.stop(), 0)
  assert.ok(performance.now() - before < 3000)
})
