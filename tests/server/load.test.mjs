// load.test.mjs — what `auralis load` says to a server: one stands here that only listens.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { WebSocketServer } from 'ws'
import { AURALIS, within } from './helpers.mjs'

const FRAMES = 4800, RATE = 48000

/** A server of silence: v2, a message every 100 ms after a burst of `burst` seconds. Keeps what each listener asked for and said. */
async function stand(t, burst = 3, silentFrom = Infinity, silentTo = Infinity) {
  const heard = []
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'auralis-v2' })
  t.after(() => server.close())
  server.on('connection', (socket, { url }) => {
    const query = new URL(url, 'http://x').searchParams, one = { query, reports: [], sent: 0 }
    const began = performance.now()
    heard.push(one)
    socket.send(JSON.stringify({ type: 'hello', seed: query.get('seed'), frame: '0', parameters: {} }))
    const timer = setInterval(() => {
      const passed = (performance.now() - began) / 1000
      if (passed > silentFrom && passed < silentTo) return
      for (; one.sent * FRAMES < (passed + burst) * RATE; one.sent++) {
        const message = Buffer.alloc(24 + FRAMES * 4)
        message.set([2, 0, 2, 0])
        message.writeUInt32LE(RATE, 4)
        message.writeUInt32LE(FRAMES, 8)
        message.writeUInt32LE(one.sent, 12)
        message.writeBigUInt64LE(BigInt(one.sent * FRAMES), 16)
        socket.send(message)
      }
    }, 20)
    socket.on('message', (text) => one.reports.push({ ...JSON.parse(text), sent: one.sent * FRAMES }))
    socket.on('close', () => clearInterval(timer))
  })
  await new Promise((done) => server.on('listening', done))
  return { address: `127.0.0.1:${server.address().port}`, heard }
}

async function load(...options) {
  const child = spawn(AURALIS, ['load', '--verify', '0', '--json', '-', ...options], { stdio: ['ignore', 'pipe', 'inherit'], ...within(40000) })
  let text = ''
  child.stdout.on('data', (bytes) => (text += bytes))
  await new Promise((done) => child.on('close', done))
  return JSON.parse(text)
}

test('a listener with a piece of its own says which frame it plays, who hears a station does not', within(60000), async (t) => {
  const { address, heard } = await stand(t)
  await load('-n', '2', '--shared', '50', '--ramp', '0', '--duration', '5s', address)
  for (const { query, reports } of heard) {
    const told = reports.filter(({ heard }) => heard !== undefined)
    assert.ok(query.has('station') ? reports.length >= 2 && !told.length : told.length >= 2, `${reports.length} reports, ${told.length} told`)
    told.forEach(({ heard, sent }, i) => {
      assert.match(heard, /^\d+$/)
      assert.ok(Number(heard) < sent, `it plays ${heard}, and ${sent} were sent`)
      assert.ok(i === 0 || Number(heard) > Number(told[i - 1].heard), 'it plays on')
    })
  }
})

test('alike: all pieces are the first one', within(60000), async (t) => {
  const { address, heard } = await stand(t)
  await load('-n', '3', '--alike', '--seed', '9', '--ramp', '0', '--duration', '1s', address)
  const asked = heard.map(({ query }) => `${query.get('seed')} ${query.get('preset')}`)
  assert.equal(asked.length, 3)
  assert.deepEqual([new Set(asked).size, heard[0].query.get('seed')], [1, '9'])
})

test('it tells when players fell silent', within(60000), async (t) => {
  const { address } = await stand(t, 1, 2, 5)
  const { counts, silent_at } = await load('-n', '1', '--ramp', '0', '--duration', '7s', address)
  assert.ok(counts.starved >= 1)
  assert.equal(silent_at.length, counts.starved)
  assert.ok(silent_at.at(-1) > 3, `silent after ${silent_at} s`)
})
