// stations.test.mjs — stations that come and go while the server runs, and what is left of them after a crash, on a full
// disk and on one that cannot be written.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, SLOW, Server, render, sleep, until, within } from './helpers.mjs'

async function start(t, ...options) {
  const server = await Server.start(...options)
  t.after(() => server.kill())
  return server
}

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'auralis-stations-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function ask(server, method, path, body) {
  const options = { method, headers: body === undefined ? {} : { 'content-type': 'application/json' } }
  if (body !== undefined) options.body = JSON.stringify(body)
  const answer = await fetch(server.http + path, options), text = await answer.text()
  return { status: answer.status, location: answer.headers.get('location'), body: text ? JSON.parse(text) : undefined }
}

const names = async (server) => (await server.json('/api/stations')).stations.map(({ name }) => name).sort()

/** A file system of its own, of a size in KB; null where mounting is not permitted. */
function disk(t, kilobytes) {
  const path = mkdtempSync(join(tmpdir(), 'auralis-disk-'))
  let mounted = true
  try { execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path], { stdio: 'ignore' }) } catch { mounted = false }
  t.after(() => {
    if (mounted) execFileSync('umount', ['-l', path])
    rmSync(path, { recursive: true, force: true })
  })
  return mounted ? path : null
}

/** Another process has the server's file to itself until `release` is called: a disk that takes its time. */
async function occupy(t, state) {
  const child = spawn('sqlite3', [join(state, 'auralis.db')], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  let said = ''
  child.stdout.on('data', (bytes) => (said += bytes))
  child.stdin.write('.timeout 5000\nBEGIN IMMEDIATE;\nSELECT 7;\n')
  await until(() => said.includes('7'), 'the file')
  return () => child.stdin.end('COMMIT;\n')
}

test('a station is made, heard, changed, heard changed, and ended', within(60000), async (t) => {
  const server = await start(t)
  const made = await ask(server, 'POST', '/api/stations', { name: 'dusk', seed: '18446744073709551615', preset: 'sleep', parameters: { bpm: 47 } })
  assert.deepEqual([made.status, made.location], [201, '/api/stations/dusk'])
  assert.deepEqual([made.body.name, made.body.seed, made.body.configured, made.body.parameters.bpm, made.body.parameters.mode],
    ['dusk', '18446744073709551615', false, 47, 'phrygian'])
  assert.deepEqual(await names(server), ['dusk', 'main'])
  const client = await Client.open(`${server.ws}/ws/audio/one?station=dusk&format=int16`, 'auralis-v2')
  const hello = await client.text('hello')
  assert.deepEqual([hello.station, hello.seed, hello.parameters.bpm], ['dusk', '18446744073709551615', 47])
  await client.takeChunks(30)
  assert.equal((await server.json('/api/stations/dusk')).listeners, 1)
  const changed = await ask(server, 'PUT', '/api/stations/dusk', { seed: '18446744073709551615', parameters: { bpm: 52 } })
  assert.deepEqual([changed.status, changed.body.initial.bpm, changed.body.initial.mode], [200, 52, 'aeolian'])
  assert.equal((await client.text('parameters')).parameters.bpm, 52)
  const from = client.chunks.length
  await until(() => client.chunks.length > from + 20, 'music after the change')
  client.chunks.forEach((chunk, i) => assert.equal(chunk.sequence, i))
  assert.equal((await ask(server, 'DELETE', '/api/stations/dusk')).status, 204)
  assert.deepEqual(await client.closed, { code: 1000, reason: 'the station has ended' })
  assert.deepEqual(await names(server), ['main'])
  await assert.rejects(Client.open(`${server.ws}/ws/audio/two?station=dusk`, 'auralis-v2'), { status: 404 })
  await server.end()
})

test('another seed begins it anew, and listeners come back to it', within(60000), async (t) => {
  const server = await start(t)
  await ask(server, 'POST', '/api/stations', { name: 'dusk', seed: 1 })
  const client = await Client.open(`${server.ws}/ws/audio/one?station=dusk&format=int16`, 'auralis-v2')
  const old = await Client.open(`${server.ws}/ws/audio/two?station=dusk`, 'auralis-v1')
  await client.takeChunks(10)
  await ask(server, 'PUT', '/api/stations/dusk', { seed: 2 })
  assert.equal((await client.closed).code, 1001)
  assert.equal((await old.closed).code, 1001)
  const again = await Client.open(`${server.ws}/ws/audio/one?station=dusk&format=int16`, 'auralis-v2')
  assert.equal((await again.text('hello')).seed, '2')
  const [first] = await again.takeChunks(1), begin = first.frame
  const piece = render('--seed', '2', '--start', `${begin / 48000}s`, '--duration', '1s')
  assert.ok(piece.length > 0 && first.data.length > 0)
  await server.end()
})

test('places are given back: a hundred stations come and go, with listeners on them', within(120000), async (t) => {
  const server = await start(t)
  for (let i = 0; i < (SLOW ? 40 : 100); i++) {
    assert.equal((await ask(server, 'POST', '/api/stations', { name: 's' + i })).status, 201)
    if (i % 10 === 0) await (await Client.open(`${server.ws}/ws/audio/x?station=s${i}`, i % 20 ? 'auralis-v1' : 'auralis-v2')).takeChunks(1)
    assert.equal((await ask(server, 'DELETE', '/api/stations/s' + i)).status, 204)
  }
  assert.deepEqual(await names(server), ['main'])
  for (let i = 1; i < 32; i++) assert.equal((await ask(server, 'POST', '/api/stations', { name: 's' + i })).status, 201)
  const full = await ask(server, 'POST', '/api/stations', { name: 'toomany' })
  assert.deepEqual([full.status, full.body.error.code], [409, 'CONFLICT'])
  assert.equal((await names(server)).length, 32)
  await server.end()
})

test('what is wrong is refused and changes nothing', within(60000), async (t) => {
  const server = await start(t)
  for (const [status, field, ...request] of [
    [400, 'name', 'POST', '/api/stations', {}],
    [400, 'name', 'POST', '/api/stations', { name: '../etc' }],
    [400, 'name', 'POST', '/api/stations', { name: 'Main' }],
    [400, 'seed', 'POST', '/api/stations', { name: 'x', seed: -1 }],
    [400, 'seed', 'POST', '/api/stations', { name: 'x', seed: '18446744073709551616' }],
    [400, 'seed', 'POST', '/api/stations', { name: 'x', seed: 1.5 }],
    [404, 'name', 'POST', '/api/stations', { name: 'x', preset: 'nothing' }],
    [400, 'preset', 'POST', '/api/stations', { name: 'x', preset: 3 }],
    [400, 'bpm', 'POST', '/api/stations', { name: 'x', parameters: { bpm: 1000 } }],
    [400, 'colour', 'POST', '/api/stations', { name: 'x', colour: 'blue' }],
    [409, 'name', 'POST', '/api/stations', { name: 'main' }],
    [409, 'name', 'PUT', '/api/stations/main', { seed: 4 }],
    [409, 'name', 'DELETE', '/api/stations/main'],
    [404, 'name', 'PUT', '/api/stations/nowhere', { seed: 4 }],
    [404, 'name', 'DELETE', '/api/stations/nowhere'],
    [404, 'name', 'GET', '/api/stations/nowhere'],
    [405, undefined, 'DELETE', '/api/stations'],
  ]) {
    const { status: got, body } = await ask(server, ...request)
    assert.deepEqual([got, body.error.details.field], [status, field], JSON.stringify([request, body]))
  }
  assert.deepEqual(await names(server), ['main'])
  await server.end()
})

test('kill -9 loses no station and no preset', within(60000), async (t) => {
  const state = folder(t), kept = new Set(), presets = new Set(), [rounds, each] = SLOW ? [2, 4] : [4, 7]
  for (let round = 0; round < rounds; round++) {
    const server = await start(t, '--state-dir', state)
    for (const name of kept) assert.equal((await server.json('/api/stations/' + name)).seed, name.slice(1), name)
    for (const name of presets) assert.equal((await server.json('/api/presets/' + name)).name, name)
    let killed = false
    const save = async (path, name, body, set) => {
      const answer = await ask(server, 'POST', path, body).catch(() => ({ status: 0 }))
      if (answer.status === 201) set.add(name)
      else if (!killed) assert.fail(`${answer.status} for ${name}`)
    }
    const numbers = Array.from({ length: each }, (_, i) => round * each + i)
    const made = numbers.map((n) => save('/api/stations', 's' + n, { name: 's' + n, seed: String(n) }, kept))
    const saved = numbers.map((n) => save('/api/presets', 'p' + n, { name: 'p' + n }, presets))
    await Promise.all([made, saved].map((work) => Promise.race(work.slice(round))))
    killed = true
    await server.kill()
    await Promise.all([...made, ...saved])
  }
  assert.ok(kept.size >= rounds && presets.size >= rounds, `${kept.size} and ${presets.size} were confirmed`)
  const server = await start(t, '--state-dir', state)
  const there = await names(server)
  for (const name of kept) assert.ok(there.includes(name), name)
  const check = execFileSync('sqlite3', [join(state, 'auralis.db'), 'PRAGMA integrity_check; SELECT count(*) FROM stations'], { encoding: 'utf8' })
  assert.match(check, new RegExp(`^ok\n${there.length - 1}\n$`))
  await server.end()
})

test('a configured station goes before a saved one of its name, which comes back when it is free', within(60000), async (t) => {
  const state = folder(t), config = join(state, 'auralis.conf')
  let server = await start(t, '--state-dir', state)
  await ask(server, 'POST', '/api/stations', { name: 'night', seed: 5 })
  await server.end()
  writeFileSync(config, '[station night]\nseed = 6\n')
  server = await start(t, '--state-dir', state, '--config', config)
  assert.deepEqual((({ seed, configured }) => [seed, configured])(await server.json('/api/stations/night')), ['6', true])
  assert.match(server.errors, /station "night" does not play: there is a station/)
  await server.end()
  server = await start(t, '--state-dir', state)
  assert.equal((await server.json('/api/stations/night')).seed, '5')
  await server.end()
})

test('a full disk is reported, and what was kept stays', within(60000), async (t) => {
  const state = disk(t, 256)
  if (!state) return t.skip('mounting is not permitted here')
  let server = await start(t, '--state-dir', state)
  const client = await Client.open(`${server.ws}/ws/audio/one?seed=3`, 'auralis-v2')
  assert.equal((await ask(server, 'POST', '/api/stations', { name: 'first', seed: 1 })).status, 201)
  const saved = []
  let refusal
  for (let i = 0; i < 500 && !refusal; i++) {
    const answer = await ask(server, 'POST', '/api/presets', { name: 'p' + i })
    if (answer.status === 201) saved.push('p' + i)
    else refusal = answer
  }
  assert.deepEqual([refusal.status, refusal.body.error.code], [507, 'STORAGE_UNAVAILABLE'])
  assert.match(refusal.body.error.message, /full/)
  assert.equal((await ask(server, 'POST', '/api/stations', { name: 'second' })).status, 507)
  assert.deepEqual(await names(server), ['first', 'main'])
  await ask(server, 'POST', '/api/control', { bpm: 61 })
  const from = client.chunks.length
  await until(() => client.chunks.length > from + 30, 'the music to go on')
  client.chunks.forEach((chunk, i) => assert.equal(chunk.sequence, i))
  assert.match(server.errors, /full/)
  await server.kill()
  server = await start(t, '--state-dir', state)
  assert.deepEqual(await names(server), ['first', 'main'])
  const there = (await server.json('/api/presets')).presets.map(({ name }) => name)
  for (const name of saved) assert.ok(there.includes(name), name)
  assert.equal((await ask(server, 'POST', '/api/presets', { name: 'later' })).status, 507)
  execFileSync('mount', ['-o', 'remount,size=512k', state])
  assert.equal((await ask(server, 'POST', '/api/presets', { name: 'later' })).status, 201) // as soon as there is room
  await server.end()
})

test('a disk that becomes read-only is reported, survived, and used again', within(60000), async (t) => {
  const state = disk(t, 1024)
  if (!state) return t.skip('mounting is not permitted here')
  let server = await start(t, '--state-dir', state)
  assert.equal((await ask(server, 'POST', '/api/stations', { name: 'first', seed: 1 })).status, 201)
  await server.kill()
  execFileSync('mount', ['-o', 'remount,ro', state])
  server = await start(t, '--state-dir', state)
  assert.match(server.errors, /can only be read/)
  assert.deepEqual(await names(server), ['first', 'main'])
  const made = await ask(server, 'POST', '/api/stations', { name: 'second', seed: 2 })
  assert.deepEqual([made.status, made.body.error.code], [507, 'STORAGE_UNAVAILABLE'])
  assert.match(made.body.error.message, /readonly/)
  assert.equal((await server.json('/api/status')).storage, 'read-only')
  await server.end()
  execFileSync('mount', ['-o', 'remount,rw', state])
  server = await start(t, '--state-dir', state)
  assert.equal((await server.json('/api/status')).storage, 'kept')
  assert.deepEqual(await names(server), ['first', 'main'])
  await server.end()
})

test('a slow disk keeps nobody waiting but those who save', within(60000), async (t) => {
  const state = folder(t), server = await start(t, '--state-dir', state)
  assert.equal((await ask(server, 'POST', '/api/presets', { name: 'mine', parameters: { bpm: 44 } })).status, 201)
  const client = await Client.open(`${server.ws}/ws/audio/one?seed=3&chunk=4800`, 'auralis-v2')
  await client.takeChunks(12)
  const release = await occupy(t, state)
  const answered = [], save = (method, path, body) => ask(server, method, path, body).then((answer) => (answered.push(path), answer))
  const saves = [save('POST', '/api/presets', { name: 'late' }), save('POST', '/api/stations', { name: 'late', seed: 5 })]
  const gone = new AbortController()
  fetch(`${server.http}/api/presets/mine`, { method: 'DELETE', signal: gone.signal }).catch(() => {})
  const waiting = async () => Number((await (await fetch(`${server.http}/metrics`)).text()).match(/^auralis_http_requests_waiting (\d+)$/m)[1])
  await until(async () => (await waiting()) >= 3, 'three that wait')
  gone.abort() // and is done all the same
  const from = client.chunks.length
  assert.equal((await ask(server, 'POST', '/api/control', { bpm: 61 })).body.parameters.bpm, 61)
  assert.ok((await server.json('/api/presets')).presets.some(({ name }) => name === 'mine'))
  const other = await Client.open(`${server.ws}/ws/audio/two?seed=4&preset=mine`, 'auralis-v2')
  assert.equal((await other.text('hello')).parameters.bpm, 44)
  client.say({ type: 'preset', name: 'mine' })
  assert.equal((await client.text('parameters')).parameters.bpm, 44)
  await until(() => client.chunks.length > from + 8, 'the music to go on')
  assert.deepEqual(answered, [], 'saved on a disk that nobody could write')
  release()
  assert.deepEqual((await Promise.all(saves)).map(({ status }) => status), [201, 201])
  await until(async () => !(await waiting()), 'nobody to wait')
  const there = (await server.json('/api/presets')).presets.map(({ name }) => name)
  assert.deepEqual([there.includes('late'), there.includes('mine'), await names(server)], [true, false, ['late', 'main']])
  client.chunks.forEach((chunk, i) => assert.deepEqual([chunk.sequence, chunk.frame, chunk.discontinuity], [i, i * 4800, false]))
  await server.end()
})

test('more saves than may wait are refused, and the others are done', within(60000), async (t) => {
  const state = folder(t), server = await start(t, '--state-dir', state), release = await occupy(t, state)
  let refused = 0
  const saves = Array.from({ length: 70 }, (_, i) => ask(server, 'POST', '/api/presets', { name: `n${i}` }).then((answer) => {
    refused += answer.status === 503
    return answer
  }))
  await until(() => refused === 6, 'six refusals')
  release()
  const answers = await Promise.all(saves), kept = answers.filter(({ status }) => status === 201).length
  assert.ok(answers.every(({ status, body }) => status === 201 || body.error.code === 'SERVER_OVERLOAD'))
  assert.equal((await server.json('/api/presets')).presets.filter(({ builtin }) => !builtin).length, kept)
  assert.equal(kept, 64)
  await server.end()
})

test('a server that stops answers those whose save it has taken', within(60000), async (t) => {
  const state = folder(t), server = await start(t, '--state-dir', state), release = await occupy(t, state)
  const saved = ask(server, 'POST', '/api/presets', { name: 'last' })
  await until(async () => /^auralis_http_requests_waiting 1$/m.test(await (await fetch(`${server.http}/metrics`)).text()), 'one that waits')
  const exit = server.stop()
  await sleep(300) // it has begun to
  release()
  assert.deepEqual([(await saved).status, await exit], [201, 0])
})
