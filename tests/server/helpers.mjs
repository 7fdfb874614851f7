// helpers.mjs — what the server's tests share: a server of their own, sockets that remember, and renderings to compare with.
//
// Every test starts its own server on a free port, with presets in memory, and ends it. Nothing waits without a limit.
import { execFileSync, spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { after } from 'node:test'
import WebSocket from 'ws'

export const AURALIS = process.env.AURALIS || process.argv[2] || 'build/auralis'
export const HEADER = 24
export const SLOW = process.env.AURALIS_SLOW === '1' // sanitizers: everything takes several times as long
const SLOWNESS = SLOW ? 4 : 1

/** A test's option: the time it may take, ms. */
export const within = (ms) => ({ timeout: SLOWNESS * ms })

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

/** Waits until `condition` holds (it may be asynchronous), and gives what it gave; fails after `ms`, or several times that
 *  where everything is slow. `what`: a text, or what gives one then. */
export async function until(condition, what, ms = 15000) {
  for (const limit = SLOWNESS * ms, end = performance.now() + limit; ; await sleep(5)) {
    const found = await condition()
    if (found) return found
    if (performance.now() > end) throw new Error(`waited ${limit} ms in vain for ${typeof what === 'function' ? what() : what}`)
  }
}

const children = new Set()
let over = false

// A test that ran out of time may leave a server behind, or begin one; the file ends all the same.
after(() => {
  over = true
  for (const child of children) child.kill('SIGKILL')
  setTimeout(() => process.exit(), 5000).unref()
})

/** A running server. `stop` ends it with SIGTERM and gives its exit code, or SIGKILL if it took too long; `kill` ends it at once. */
export class Server {
  static async start(...options) {
    if (over) throw new Error('the tests are over')
    const server = new Server()
    if (!options.includes('--listen')) options.push('--listen', '127.0.0.1:0')
    if (!options.includes('--state-dir')) options.push('--state-dir', ':memory:')
    server.child = spawn(AURALIS, ['serve', ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
    children.add(server.child)
    server.child.on('exit', () => children.delete(server.child))
    server.output = ''
    server.errors = ''
    server.child.stdout.on('data', (bytes) => (server.output += bytes))
    server.child.stderr.on('data', (bytes) => (server.errors += bytes))
    server.exit = new Promise((done) => server.child.on('exit', (code, signal) => done(signal ?? code)))
    server.child.on('close', () => server.accuse())
    let ended
    server.exit.then((code) => (ended = code))
    const listens = until(() => server.output.includes('\n') || ended !== undefined, 'the server to listen', SLOW ? 30000 : 15000)
    await listens.catch(async (error) => {
      await server.kill()
      throw error
    })
    if (ended !== undefined) throw new Error(`the server ended with ${ended}: ${server.errors}`)
    server.http = server.output.match(/https?:\/\/\S+/)[0]
    server.ws = server.http.replace('http', 'ws')
    server.port = Number(new URL(server.http).port)
    return server
  }

  async stop() {
    this.child.kill('SIGTERM')
    const late = setTimeout(() => this.kill(), SLOWNESS * 12000)
    const how = await this.exit
    clearTimeout(late) // a timer would keep the file from ending
    return how
  }

  /** What a test ends with: everybody leaves, and the server must go in peace, with nothing to say against itself. */
  async end() {
    for (const client of clients.splice(0)) client.socket.terminate()
    if (this.child.exitCode === null && this.child.signalCode === null && (await this.stop()) !== 0)
      throw new Error(`the server ended badly: ${this.errors}`)
    if (/Sanitizer|runtime error/.test(this.errors)) throw new Error(this.errors)
  }

  /** What a sanitizer has to say fails the file, also where a test ends its server by force. */
  accuse() {
    if (!/Sanitizer|runtime error/.test(this.errors)) return
    console.error(this.errors)
    process.exitCode = 1
  }

  async kill() {
    this.child.kill('SIGKILL')
    return this.exit
  }

  json(path, options) {
    return fetch(this.http + path, options).then((answer) => answer.json())
  }
}

/** A chunk of v2 taken apart. */
export function parseChunk(bytes) {
  return {
    version: bytes[0],
    format: bytes[1],
    channels: bytes[2],
    discontinuity: (bytes[3] & 1) === 1,
    anew: (bytes[3] & 2) === 2,
    faded: (bytes[3] & 4) === 4,
    rate: bytes.readUInt32LE(4),
    frames: bytes.readUInt32LE(8),
    sequence: bytes.readUInt32LE(12),
    frame: Number(bytes.readBigUInt64LE(16)),
    data: bytes.subarray(HEADER),
  }
}

const clients = []

/** A socket that keeps what it gets: `texts` (parsed) and `chunks` (with the time `at` which each came, ms). */
export class Client {
  static async open(address, protocol) {
    const client = new Client()
    clients.push(client)
    client.texts = []
    client.chunks = []
    client.socket = protocol ? new WebSocket(address, protocol) : new WebSocket(address)
    client.closed = new Promise((done) => client.socket.on('close', (code, reason) => done({ code, reason: `${reason}` })))
    client.closed.then((how) => (client.ended = how))
    client.socket.on('message', (bytes, binary) => client.take(bytes, binary, performance.now()))
    await new Promise((done, failed) => {
      client.socket.on('open', done)
      client.socket.on('error', failed)
      client.socket.on('unexpected-response', (_, answer) => {
        let body = ''
        answer.on('data', (piece) => (body += piece))
        answer.on('end', () => failed(Object.assign(new Error(`HTTP ${answer.statusCode}: ${body}`), { status: answer.statusCode, body })))
      })
    })
    return client
  }

  take(bytes, binary, at) {
    if (binary) {
      this.chunks.push({ ...parseChunk(bytes), at })
      return
    }
    const message = JSON.parse(bytes)
    if (message.type !== 'audio') this.texts.push(message)
    else this.chunks.push({ ...message, at, data: Buffer.from(message.data, 'base64'), sequence: message.chunk_id ?? message.sequence })
  }

  say(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The first text of this type from number `from` on. */
  async text(type, from = 0, ms = 15000) {
    return until(() => this.texts.slice(from).find((message) => message.type === type), `a message "${type}"`, ms)
  }

  /** Waits for `count` chunks and gives them; fails at once if the server closes before. */
  async takeChunks(count, ms = 30000) {
    const state = () => `${count} chunks (there are ${this.chunks.length})`
    await until(() => this.chunks.length >= count || this.ended, state, ms)
    if (this.chunks.length < count) throw new Error(`closed while waiting for ${state()}: ${JSON.stringify([this.ended, this.texts.at(-1)])}`)
    return this.chunks.slice(0, count)
  }

  async close() {
    this.socket.close(1000)
    return this.closed
  }
}

/** The samples of an offline rendering: interleaved stereo, float32 unless `format` says otherwise. */
export function render(...options) {
  const wav = execFileSync(AURALIS, ['render', '-o', '-', '--quiet', ...options],
    { maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'ignore'], ...within(60000), killSignal: 'SIGKILL' })
  return wav.subarray(wav.indexOf('data', 12, 'latin1') + 8)
}

/** The share of the chunks that came more than `limit` ms off their even row, which is laid through the median, so that
 *  one late chunk does not move it. */
export function lateShare(chunks, period, limit = 50) {
  const offsets = chunks.map((chunk, i) => chunk.at - i * period)
  const median = [...offsets].sort((a, b) => a - b)[offsets.length >> 1]
  return offsets.filter((offset) => Math.abs(offset - median) > limit).length / offsets.length
}
