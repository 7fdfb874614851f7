// http.test.mjs — music over plain HTTP, judged by curl, ffmpeg, ffplay, mpv and VLC: the right samples in every format, for players old and new.
import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Client, SLOW, Server, render, sleep, within } from './helpers.mjs'

const run = promisify(execFile)
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

/** What comes from an address in so many seconds. */
async function listen(address, seconds, ...options) {
  const { stdout } = await run('curl', ['-s', '-m', `${seconds}`, ...options, address], { encoding: 'buffer', maxBuffer: 1 << 28 }).catch((end) => end)
  return stdout
}

/** Decodes with ffmpeg, which must have nothing to complain about, into interleaved stereo. */
async function decode(bytes, format, ...options) {
  const child = spawn('ffmpeg', ['-v', 'error', '-f', format, '-i', 'pipe:0', ...options, '-f', 's16le', 'pipe:1'])
  const out = [], errors = []
  child.stdout.on('data', (piece) => out.push(piece))
  child.stderr.on('data', (piece) => errors.push(piece))
  child.stdin.on('error', () => {})
  child.stdin.end(bytes)
  await once(child, 'close')
  return { pcm: Buffer.concat(out), errors: `${Buffer.concat(errors)}` }
}

const samples = (pcm) => new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length >> 1)

/** The best correlation of what was heard with the piece, over delays of up to 4,000 frames, on the left. */
function correlation(heard, piece) {
  let best = 0
  for (let delay = 0; delay < 4000; delay++) {
    let xy = 0, xx = 0, yy = 0
    for (let i = 24000; i < 120000; i += 7) {
      const x = heard[2 * (i + delay)], y = piece[2 * i]
      xy += x * y, xx += x * x, yy += y * y
    }
    best = Math.max(best, xy / Math.sqrt(xx * yy))
  }
  return best
}

/** Everything a raw connection is given. */
async function raw(server, text, seconds, { paused = false } = {}) {
  const socket = net.connect(server.port, '127.0.0.1')
  const out = []
  socket.on('data', (piece) => out.push(piece))
  if (paused) socket.pause() // at once: the kernel gives more room to who has read something
  socket.on('error', () => {})
  socket.write(text)
  await sleep(seconds * 1000)
  return { socket, bytes: () => Buffer.concat(out) }
}

const metric = async (server, name) => Number((await (await fetch(`${server.http}/metrics`)).text()).match(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm'))[1])

test('a stream of one\'s own is the piece, in every format', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const piece = render('--seed', '42', '--preset', 'sleep', '--format', '16', '--duration', '8s')
  const heard = await Promise.all(['wav', 'flac', 'opus', 'mp3'].map((format) => listen(`${server.http}/listen.${format}?seed=42&preset=sleep`, 2.5)))
  const wav = heard[0].subarray(44)
  assert.equal(heard[0].toString('latin1', 0, 4), 'RIFF')
  assert.ok(wav.length > 4 * 192000, `a burst of three seconds and what was played: ${wav.length}`)
  assert.ok(wav.equals(piece.subarray(0, wav.length)), 'wav')
  const flac = await decode(heard[1], 'flac')
  assert.ok(flac.pcm.length > 4 * 192000)
  assert.ok(flac.pcm.equals(piece.subarray(0, flac.pcm.length)), 'flac')
  const opus = await decode(heard[2], 'ogg'), mp3 = await decode(heard[3], 'mp3')
  assert.equal(opus.errors, '')
  assert.ok(correlation(samples(opus.pcm), samples(piece)) > 0.98, 'opus')
  assert.ok(correlation(samples(mp3.pcm), samples(piece)) > 0.98, 'mp3')
})

/** Ogg around Opus packets, as RFC 7845 has it, a page each. */
function ogg(packets, skip) {
  const page = (packet, number, granule, flags) => {
    const lacing = [...Array(Math.floor(packet.length / 255)).fill(255), packet.length % 255]
    const bytes = Buffer.concat([Buffer.alloc(27), Buffer.from(lacing), packet])
    bytes.write('OggS')
    bytes[5] = flags
    bytes.writeBigUInt64LE(BigInt(granule), 6)
    bytes.writeUInt32LE(7, 14)
    bytes.writeUInt32LE(number, 18)
    bytes[26] = lacing.length
    let sum = 0
    for (const byte of bytes) {
      sum ^= byte << 24
      for (let bit = 0; bit < 8; bit++) sum = sum & 0x80000000 ? (sum << 1) ^ 0x04c11db7 : sum << 1
    }
    bytes.writeUInt32LE(sum >>> 0, 22)
    return bytes
  }
  const head = Buffer.from('OpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0', 'latin1')
  head.writeUInt16LE(skip, 10)
  return Buffer.concat([page(head, 0, 0, 2), page(Buffer.from('OpusTags\0\0\0\0\0\0\0\0', 'latin1'), 1, 0, 0),
    ...packets.map((packet, i) => page(packet, i + 2, 960 * (i + 1), 0))])
}

test('the Opus packets of a socket are the piece, for ffmpeg too', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const client = await Client.open(`${server.ws}/ws/audio/a?seed=42&preset=sleep&format=opus&buffer_tier=defensive`, 'auralis-v2')
  const hello = await client.text('hello'), chunks = await client.takeChunks(45), packets = []
  for (const { data } of chunks)
    for (let at = 0; at < data.length; at += 2 + data.readUInt16LE(at)) packets.push(data.subarray(at + 2, at + 2 + data.readUInt16LE(at)))
  const { pcm, errors } = await decode(ogg(packets, hello.pre_skip), 'ogg'), piece = render('--seed', '42', '--preset', 'sleep', '--format', '16', '--duration', '8s')
  assert.equal(errors, '')
  assert.ok(pcm.length > 4 * 190000)
  assert.ok(correlation(samples(pcm), samples(piece)) > 0.98)
})

test('a station sounds alike for all, and whoever is late begins in the middle', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const first = await Promise.all(['opus', 'mp3', 'flac'].map((format) => listen(`${server.http}/stations/main.${format}`, 2)))
  const late = await Promise.all(['opus', 'mp3', 'flac'].map((format) => listen(`${server.http}/stations/main.${format}`, 2)))
  for (const bytes of [first[0], late[0]]) {
    assert.equal(bytes.toString('latin1', 28, 36), 'OpusHead')
    assert.equal(bytes.toString('latin1').split('OpusHead').length, 2, 'one chain')
  }
  assert.ok(first[2].subarray(0, 42).equals(late[2].subarray(0, 42)))
  for (const [i, format] of ['ogg', 'mp3', 'flac'].entries()) {
    const { pcm, errors } = await decode(late[i], format)
    assert.equal(errors, '', format)
    assert.ok(pcm.length > 3.5 * 192000, `${format}: ${pcm.length}`)
    assert.ok(samples(pcm).some((x) => Math.abs(x) > 300), `${format} is silent`)
    // One encoding: what both have heard is the same bytes.
    const tail = first[i].subarray(-4000, -2000)
    assert.ok(late[i].includes(tail), `${format} was encoded twice`)
  }
})

test('heads, refusals, and players of every age', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const types = { opus: 'audio/ogg; codecs=opus', mp3: 'audio/mpeg', flac: 'audio/flac', wav: 'audio/wav' }
  for (const [format, type] of Object.entries(types)) {
    for (const path of [`/listen.${format}?seed=7`, `/stations/main.${format}`]) {
      const head = await fetch(server.http + path, { method: 'HEAD' })
      assert.equal(head.status, 200, path)
      assert.equal(head.headers.get('content-type'), type)
      assert.equal(head.headers.get('access-control-allow-origin'), '*')
      assert.equal(head.headers.get('content-length'), null)
      assert.equal(head.headers.get('icy-name'), path.startsWith('/listen') ? 'Auralis' : 'Auralis: main')
      assert.equal(head.headers.get('icy-br'), { opus: '96', mp3: '160' }[format] ?? null)
    }
  }
  assert.equal((await fetch(`${server.http}/listen.mp3?seed=7`, { method: 'HEAD' })).headers.get('auralis-seed'), '7')
  assert.match((await fetch(`${server.http}/listen.mp3`, { method: 'HEAD' })).headers.get('auralis-seed'), /^\d+$/)
  const refused = {
    '/listen.ogg': 404, '/listen.': 404, '/listenx.opus': 404, '/stations/none.mp3': 404, '/stations/.mp3': 404, [`/stations/${'n'.repeat(40)}.mp3`]: 404, '/stations/main': 404, '/stations/../main.mp3': 404,
    '/listen.opus?seed=x': 400, '/listen.opus?bpm=5': 400, '/listen.opus?station=main': 400, '/listen.opus?chunk=960': 400, '/listen.mp3?preset=none': 404,
  }
  for (const [path, status] of Object.entries(refused)) {
    const answer = await fetch(server.http + path)
    assert.equal(answer.status, status, path)
    assert.ok((await answer.json()).error.message, path)
  }
  assert.equal((await fetch(`${server.http}/listen.mp3`, { method: 'POST', body: 'x' })).status, 405)
  const preflight = await fetch(`${server.http}/stations/main.mp3`, { method: 'OPTIONS' })
  assert.match(preflight.headers.get('access-control-allow-headers'), /Icy-MetaData/)
  const old = await raw(server, 'GET /stations/main.mp3 HTTP/1.0\r\n\r\n', 1)
  const bytes = old.bytes(), body = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
  assert.match(bytes.toString('latin1', 0, 15), /^HTTP\/1\.[01] 200/)
  assert.doesNotMatch(bytes.toString('latin1', 0, 1000), /chunked/i)
  assert.equal(body[0], 0xff)
  old.socket.destroy()
})

test('titles come within MP3 for those who ask', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const coming = listen(`${server.http}/stations/main.mp3`, 8, '-i', '-H', 'Icy-MetaData: 1')
  await sleep(1000)
  await server.json('/api/control', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"key":"D","mode":"dorian"}' })
  const bytes = await coming
  const end = bytes.indexOf('\r\n\r\n') + 4, interval = Number(bytes.toString('latin1', 0, end).match(/icy-metaint: (\d+)/)[1])
  const sound = [], titles = []
  for (let at = end; at < bytes.length; ) {
    sound.push(bytes.subarray(at, at + interval))
    at += interval
    if (at >= bytes.length) break
    const length = 16 * bytes[at]
    if (length) titles.push(bytes.toString('utf8', at + 1, at + 1 + length).replace(/\0+$/, ''))
    at += 1 + length
  }
  assert.ok(sound.length > 3)
  assert.match(titles[0], /^StreamTitle='main: A aeolian.*';$/)
  assert.match(titles.at(-1), /^StreamTitle='main: D dorian.*';$/, `another key is told: ${titles}`)
  assert.equal(new Set(titles).size, titles.length, 'a title is sent when it is new')
  const { errors } = await decode(Buffer.concat(sound), 'mp3')
  assert.equal(errors, '')
  assert.ok(!/\nicy-metaint:|StreamTitle/.test((await listen(`${server.http}/stations/main.mp3`, 1, '-i')).toString('latin1')))
})

test('whoever is slow, silent or rude harms nobody', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const used = () => { // seconds of processor time
    const fields = readFileSync(`/proc/${server.child.pid}/stat`, 'utf8').split(') ')[1].split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
  const request = 'GET /stations/main.mp3 HTTP/1.1\r\nHost: x\r\n\r\n'
  const slow = net.connect(server.port, '127.0.0.1', () => slow.write('GET /stations/main.wav HTTP/1.0\r\n\r\n')) // and reads nothing
  slow.on('error', () => {})
  const good = listen(`${server.http}/stations/main.wav`, 14)
  const half = await raw(server, request, 0.2), double = await raw(server, request + request, 0.2), late = await raw(server, request, 0.5)
  half.socket.end()
  late.socket.write(request.repeat(500))
  await sleep(500)
  const before = used()
  await sleep(2000)
  assert.ok(used() - before < 0.5, `idle, the server used ${used() - before} s of 2`)
  for (const connection of [double, late]) assert.ok(connection.bytes().length > 40000, 'it is served all the same')
  for (const connection of [half, double, late]) connection.socket.destroy()
  const wav = await good
  assert.ok(wav.length > 16 * 192000, 'nothing is missing for the good one')
  slow.resume()
  await sleep(500)
  slow.destroy()
  await sleep(300)
  assert.ok((await metric(server, 'auralis_http_skips_total')) > 0, 'the slow one was moved forward')
  assert.equal(await metric(server, 'auralis_http_listeners{format="wav"}'), 0)
  assert.equal((await server.json('/api/status')).active_connections, 0)
})

/** The largest second difference of a channel: a click stands out by it, which the waves of music do not have. */
function roughness(pcm) {
  const x = samples(pcm)
  let most = 0
  for (let i = 4; i < x.length; i++) most = Math.max(most, Math.abs(x[i] - 2 * x[i - 2] + x[i - 4]))
  return most
}

test('a slow listener of a station skips without a click', within(120000), async (t) => {
  Object.assign(process.env, { AURALIS_MP3_BITRATE: '320', AURALIS_OPUS_BITRATE: '320' }) // more than the kernel keeps
  t.after(() => { delete process.env.AURALIS_MP3_BITRATE; delete process.env.AURALIS_OPUS_BITRATE })
  const server = await Server.start()
  t.after(() => server.end())
  const formats = { wav: 'wav', flac: 'flac', mp3: 'mp3', opus: 'ogg' }
  const good = Promise.all(Object.keys(formats).map((format) => listen(`${server.http}/stations/main.${format}`, 22)))
  await sleep(1000)
  const slow = await Promise.all(Object.keys(formats).map((format) => raw(server, `GET /stations/main.${format} HTTP/1.0\r\n\r\n`, 0, { paused: true })))
  await sleep(18000)
  for (const { socket } of slow) socket.resume()
  await sleep(1500)
  for (const { socket } of slow) socket.destroy()
  assert.equal(await metric(server, 'auralis_http_skips_total'), slow.length, 'each was moved forward once')
  const music = (await Promise.all((await good).map((bytes, i) => decode(bytes, Object.values(formats)[i])))).map(({ pcm }) => pcm)
  await Promise.all(Object.entries(formats).map(async ([format, container], i) => {
    let bytes = slow[i].bytes()
    bytes = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
    if (format === 'mp3') bytes = bytes.subarray(0, bytes.length - (bytes.length % 960)) // it was cut off in the middle
    if (format === 'opus') bytes = bytes.subarray(0, bytes.lastIndexOf('OggS'))
    const { pcm, errors } = await decode(bytes, container)
    if (format === 'flac') assert.doesNotMatch(errors, /crc|sync|header/i)
    else assert.equal(errors, '', format)
    // Where samples meet as they are it is ten times that of the music; what a decoder goes on from while it knows too little is not.
    const inside = roughness(music[i]), seam = roughness(pcm), exact = format === 'wav' || format === 'flac'
    assert.ok(seam <= (exact ? 1.2 : 3) * inside, `${format}: ${seam} with the skip, ${inside} without`)
    assert.ok(pcm.length > 4 * 192000, `${format} is played before and after it`)
    if (!exact) return
    const end = pcm.length - (pcm.length % 4) - 40000, from = music[0].indexOf(pcm.subarray(0, 400)), to = music[0].indexOf(pcm.subarray(end, end + 400))
    assert.ok(from >= 0 && to > from + end + 4 * 48000, `${format}: it goes on with the music, later`)
  }))
})

/** What the kernel holds of each connection to the server, by the client's port: bytes not yet taken by the other side, bytes not yet read there. */
function held(server) {
  const sent = new Map(), unread = new Map()
  for (const line of readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1)) {
    const [, local, remote, , queues] = line.trim().split(/\s+/), port = (address) => parseInt(address.split(':')[1], 16)
    const [tx, rx] = queues.split(':').map((hex) => parseInt(hex, 16))
    if (port(local) === server.port) sent.set(port(remote), tx)
    else if (port(remote) === server.port) unread.set(port(local), rx)
  }
  return { sent, unread }
}

test('for who does not read, the server\'s side of the socket keeps some seconds and no more', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const get = (path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`
  const upgrade = (path, protocol) => `${get(path)}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${protocol}\r\n`
  const kinds = { // and bytes a second
    mp3: [get('/stations/main.mp3'), 20000], opus: [get('/stations/main.opus'), 12000], flac: [get('/stations/main.flac'), 80000], wav: [get('/stations/main.wav'), 192000],
    'own opus': [get('/listen.opus?seed=1'), 12000], 'own wav': [get('/listen.wav?seed=1'), 192000],
    v1: [upgrade('/ws/audio/a', 'auralis-v1'), 236000], 'v2 int16': [upgrade('/ws/audio/b?seed=2&format=int16', 'auralis-v2'), 192000],
    'v2 float32': [upgrade('/ws/audio/c?seed=2&format=float32', 'auralis-v2'), 384000], 'v2 opus': [upgrade('/ws/audio/d?seed=2&format=opus', 'auralis-v2'), 12000],
  }
  const sockets = await Promise.all(Object.values(kinds).map(([text]) => raw(server, `${text}\r\n`, 0, { paused: true })))
  const ports = sockets.map(({ socket }) => socket.localPort)
  t.after(() => sockets.forEach(({ socket }) => socket.destroy()))
  await sleep(15000)
  const { sent, unread } = held(server)
  Object.entries(kinds).forEach(([kind, [, rate]], i) => {
    assert.ok(unread.get(ports[i]) > 10000, `${kind} has come to nobody`)
    const seconds = sent.get(ports[i]) / rate // what its own side keeps it has chosen itself; Linux lets one send be 64 KB over the bound
    assert.ok(seconds < 8, `${kind}: ${seconds} s wait in the kernel`)
  })
})

test('who drops comes back to where it was, with seed and start, also to a server that was killed', within(60000), async (t) => {
  const piece = render('--seed', '42', '--preset', 'sleep', '--format', '16', '--duration', '8s'), from = 2.5 * 48000
  let server = await Server.start()
  const first = (await listen(`${server.http}/listen.wav?seed=42&preset=sleep`, 1.5)).subarray(44)
  assert.ok(first.length > 4 * from && first.equals(piece.subarray(0, first.length)))
  for (const how of ['the server runs on', 'it was killed']) {
    if (how === 'it was killed') {
      await server.kill()
      server = await Server.start()
    }
    const [wav, flac] = await Promise.all(['wav', 'flac'].map((format) => listen(`${server.http}/listen.${format}?seed=42&preset=sleep&start=${from}`, 1.5)))
    const rest = wav.subarray(44), { pcm } = await decode(flac, 'flac')
    assert.ok(rest.length > 192000 && pcm.length > 192000, how)
    assert.ok(rest.equals(piece.subarray(4 * from, 4 * from + rest.length)), `wav: ${how}`)
    assert.ok(pcm.equals(piece.subarray(4 * from, 4 * from + pcm.length)), `flac: ${how}`)
  }
  await server.end()
})

test('a server that was held up for two seconds leaves out nothing and says nothing twice', within(60000), async (t) => {
  const config = `${mkdtempSync(`${tmpdir()}/http-`)}/c.conf`
  t.after(() => rmSync(dirname(config), { recursive: true }))
  writeFileSync(config, '[station dusk]\nseed = 3\npreset = sleep\n')
  const server = await Server.start('--config', config)
  t.after(() => server.end())
  const heard = ['/stations/dusk.wav', '/stations/dusk.flac', '/listen.wav?seed=3&preset=sleep'].map((path) => listen(server.http + path, 7))
  await sleep(2000)
  server.child.kill('SIGSTOP')
  await sleep(2000)
  server.child.kill('SIGCONT')
  const piece = render('--seed', '3', '--preset', 'sleep', '--format', '16', '--duration', '40s'), [wav, flac, own] = await Promise.all(heard)
  for (const [what, pcm] of [['wav', wav.subarray(44)], ['flac', (await decode(flac, 'flac')).pcm], ['own wav', own.subarray(44)]]) {
    const whole = pcm.subarray(0, pcm.length & ~3), from = piece.indexOf(whole.subarray(0, 4000))
    assert.ok(from >= 0 && whole.length > 5 * 192000, `${what}: ${whole.length} bytes from ${from}`)
    assert.ok(whole.equals(piece.subarray(from, from + whole.length)), `${what} is not the piece in one`)
  }
})

test('the burst is as long as it was set, and what follows keeps to the clock', within(60000), async (t) => {
  for (const seconds of [0, 6]) {
    process.env.AURALIS_BURST_SECONDS = `${seconds}`
    const server = await Server.start()
    delete process.env.AURALIS_BURST_SECONDS
    await sleep(1000 * seconds) // a station has that much to give then
    await Promise.all(['/listen.wav?seed=1', '/stations/main.wav'].map(async (path) => {
      const began = performance.now(), lengths = await Promise.all([1, 4].map((time) => listen(server.http + path, time).then(({ length }) => length / 192000)))
      const [first, second] = lengths
      assert.ok(Math.abs(first - seconds - 1) < 0.6, `${path}: ${first} s in one with a burst of ${seconds}`)
      assert.ok(Math.abs(second - seconds - 4) < 0.6, `${path}: ${second} s in ${(performance.now() - began) / 1000}`)
    }))
    await server.end()
  }
})

test('SIGTERM: who listens over HTTP is let go at once, also where others are still to be told', within(60000), async (t) => {
  for (const other of [false, true]) {
    const server = await Server.start()
    t.after(() => server.kill())
    const musics = ['/stations/main.opus', '/listen.flac?seed=1'].map((path) => listen(server.http + path, 20))
    const client = other ? await Client.open(`${server.ws}/ws/audio/a?seed=2`, 'auralis-v2') : null
    await sleep(1000)
    const began = performance.now(), exit = server.stop()
    for (const music of musics) assert.ok((await music).length > 10000)
    assert.ok(performance.now() - began < 1500, `let go after ${performance.now() - began} ms`)
    if (client) {
      await client.text('shutdown')
      const refused = await fetch(`${server.http}/listen.opus`) // nobody new is let in
      assert.deepEqual([refused.status, (await refused.json()).error.code], [503, 'SERVER_OVERLOAD'])
    }
    assert.equal(await exit, 0)
    assert.ok(performance.now() - began < (other ? 8000 : 3000), `ended after ${performance.now() - began} ms`)
  }
})

test('limits count those who listen over HTTP', within(60000), async (t) => {
  const server = await Server.start('--max-listeners', '2')
  t.after(() => server.end())
  const both = [listen(`${server.http}/stations/main.opus`, 2), listen(`${server.http}/listen.opus`, 2)]
  await sleep(700)
  assert.equal(await metric(server, 'auralis_http_listeners{format="opus"}'), 2)
  const third = await fetch(`${server.http}/stations/main.opus`)
  assert.equal(third.status, 503)
  assert.equal((await third.json()).error.code, 'SERVER_OVERLOAD')
  for (const one of await Promise.all(both)) assert.ok(one.length > 30000)
})

// Players say nothing more of a server that is slow.
test('mpv plays it', { ...within(60000), skip: SLOW || !has('mpv') }, async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const play = (path) => run('mpv', ['--no-config', '--ao=null', '--length=2', '--msg-level=all=warn', server.http + path], { timeout: 55000 })
  for (const { stdout, stderr } of await Promise.all(['/listen.opus?seed=3', '/stations/main.mp3', '/stations/main.flac', '/stations/main.opus'].map(play)))
    assert.equal(stdout + stderr, '')
})

/** 16-bit samples that a player left: there is music in them, a second at least. */
function assertMusic(bytes, what) {
  const heard = samples(Buffer.from(bytes.subarray(0, bytes.length & ~1)))
  assert.ok(heard.length > 96000, `${what}: ${heard.length} samples`)
  assert.ok(heard.some((x) => Math.abs(x) > 300), `${what} is silent`)
}

test('ffplay and VLC play it', { ...within(180000), skip: SLOW }, async (t) => {
  const server = await Server.start(), folder = mkdtempSync(`${tmpdir()}/players-`)
  t.after(() => server.end())
  t.after(() => rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 100 }))
  chmodSync(folder, 0o777)
  const user = process.getuid() ? [] : ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] // VLC does not play for root
  const size = (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0
  /** Lets a player play until it has left enough, however long that takes here, and ends it. */
  const player = async (file, program, args, env) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' }), end = Date.now() + 60000
    while (size(file) < 400000 && child.exitCode === null && Date.now() < end) await sleep(100)
    if (child.exitCode === null && child.kill()) await once(child, 'exit') // till then it writes into its folder
    assertMusic(readFileSync(file), `${program} ${args.at(-1)}`)
  }
  const play = async (path, i) => {
    const url = server.http + path, file = `${folder}/${i}`
    if (has('ffplay')) await player(`${file}.raw`, 'ffplay', ['-v', 'error', '-nodisp', url], { SDL_AUDIODRIVER: 'disk', SDL_DISKAUDIOFILE: `${file}.raw` })
    const [vlc, ...args] = [...user, 'cvlc', '-q', '--no-video', '--aout=afile', `--audiofile-file=${file}.wav`, url]
    if (has('cvlc')) await player(`${file}.wav`, vlc, args, { HOME: folder })
  }
  await Promise.all(['/stations/main.mp3', '/stations/main.opus', '/stations/main.flac', '/listen.opus?seed=3', '/stations/main.m3u8'].map(play))
})

test('playlists name what they stand beside', within(60000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const text = async (path) => (await fetch(server.http + path)).text()
  assert.match(await text('/listen.m3u'), new RegExp(`^${server.http}/listen\\.mp3$`, 'm'))
  assert.match(await text('/listen.opus.m3u?seed=7&key=F%23'), new RegExp(`^${server.http}/listen\\.opus\\?seed=7&key=F%23$`, 'm'))
  assert.match(await text('/stations/main.flac.pls'), new RegExp(`^File1=${server.http}/stations/main\\.flac$`, 'm'))
  assert.equal((await fetch(`${server.http}/listen.m3u?bpm=5`)).status, 400)
  const evil = await raw(server, 'GET /listen.m3u HTTP/1.1\r\nHost: a"<b>\r\n\r\n', 0.3)
  assert.doesNotMatch(`${evil.bytes()}`, /<b>/)
  evil.socket.destroy()
})

test('HLS: segments are the station cut up, numbered on, and ffmpeg plays them', within(90000), async (t) => {
  const server = await Server.start()
  t.after(() => server.end())
  const stream = listen(`${server.http}/stations/main.mp3`, 12)
  const segments = new Map()
  const look = async () => {
    const answer = await fetch(`${server.http}/stations/main.m3u8`)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'application/vnd.apple.mpegurl')
    assert.match(answer.headers.get('cache-control'), /max-age=1$/)
    const list = await answer.text(), names = list.match(/^main\/\d+\.mp3$/gm)
    assert.ok(names.length >= 2 && names.length <= 6)
    assert.match(list, /#EXT-X-TARGETDURATION:3\n/)
    assert.deepEqual(list.match(/^#EXTINF:.*$/gm), names.map(() => '#EXTINF:3.000,'))
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')
    assert.equal(Number(list.match(/#EXT-X-MEDIA-SEQUENCE:(\d+)/)[1]), Number(names[0].match(/\d+/)[0]))
    for (const name of names) {
      const got = await fetch(`${server.http}/stations/${name}`)
      assert.match(got.headers.get('cache-control'), /immutable/)
      assert.deepEqual(['content-type', 'access-control-allow-origin'].map((header) => got.headers.get(header)), ['audio/mpeg', '*'])
      const bytes = Buffer.from(await got.arrayBuffer()), before = segments.get(name)
      assert.ok(!before || before.equals(bytes), 'a segment never changes')
      segments.set(name, bytes)
    }
    return names
  }
  const first = await look()
  const player = run('ffmpeg', ['-v', 'error', '-t', '9', '-i', `${server.http}/stations/main.m3u8`, '-f', 'wav', '-'], { encoding: 'buffer', maxBuffer: 1 << 26, ...within(60000) })
  await sleep(7000)
  const last = await look()
  assert.ok(Number(last.at(-1).match(/\d+/)[0]) >= Number(first.at(-1).match(/\d+/)[0]) + 2, 'the window slides')
  const names = [...segments.keys()].sort(), times = []
  names.forEach((name, i) => assert.equal(Number(name.match(/\d+/)[0]), Number(names[0].match(/\d+/)[0]) + i))
  const sound = names.map((name) => {
    const bytes = segments.get(name)
    assert.equal(bytes.toString('latin1', 0, 3), 'ID3')
    assert.equal(bytes.toString('latin1', 20, 64), 'com.apple.streaming.transportStreamTimestamp')
    times.push(bytes.readBigUInt64BE(65))
    assert.equal((bytes.length - 73) % 125, 0)
    return bytes.subarray(73)
  })
  times.forEach((time, i) => assert.equal(time - times[0], 270000n * BigInt(i)))
  const { pcm, errors } = await decode(Buffer.concat(sound), 'mp3')
  assert.equal(errors, '')
  assert.equal(pcm.length, names.length * 3 * 192000)
  const heard = await stream, piece = Buffer.concat(sound), at = heard.indexOf(piece.subarray(-60000, -59000))
  assert.ok(at > 60000, 'the segments are the stream')
  const common = Math.min(at, piece.length - 60000)
  assert.ok(heard.subarray(at - common, at).equals(piece.subarray(piece.length - 60000 - common, piece.length - 60000)), 'without a seam')
  const played = await player
  assert.ok(played.stdout.length > 8 * 192000)
  for (const [name, bytes] of segments) { // whoever is behind still finds them
    const again = await fetch(`${server.http}/stations/${name}`)
    assert.ok(again.status === 200 && bytes.equals(Buffer.from(await again.arrayBuffer())), `${name} is gone`)
  }
  assert.equal((await fetch(`${server.http}/stations/main/1.mp3`)).status, 404)
  assert.equal((await fetch(`${server.http}/stations/none.m3u8`)).status, 404)
})
