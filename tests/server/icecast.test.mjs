// icecast.test.mjs — stations fed to a real Icecast: its listeners hear them, with titles, and a restart of either side heals.
import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { AURALIS, Server, sleep, until, within } from './helpers.mjs'

const run = promisify(execFile)
const missing = ['/usr/bin/icecast2'].some((file) => spawnSync('test', ['-x', file]).status) || !/libshout/.test(`${spawnSync(AURALIS, ['--version']).stdout}`)
const SECRET = 'pass@word'

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.on('listening', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

/** Debian's Icecast with a configuration of our own. It will not run as root, and says so. */
class Icecast {
  constructor(port, folder) {
    this.port = port
    this.folder = folder
    writeFileSync(join(folder, 'icecast.xml'), `<icecast><limits><clients>20</clients><sources>4</sources><burst-size>200000</burst-size></limits>
      <authentication><source-password>${SECRET}</source-password><admin-user>admin</admin-user><admin-password>admin</admin-password></authentication>
      <hostname>localhost</hostname><listen-socket><port>${port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
      <paths><basedir>/usr/share/icecast2</basedir><logdir>${folder}</logdir><webroot>/usr/share/icecast2/web</webroot><adminroot>/usr/share/icecast2/admin</adminroot></paths>
      <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>3</loglevel></logging>
      <security><chroot>0</chroot>${process.getuid() ? '' : '<changeowner><user>nobody</user><group>nogroup</group></changeowner>'}</security></icecast>`)
    spawnSync('chmod', ['-R', 'a+rwX', folder])
  }

  async start() {
    this.child = spawn('/usr/bin/icecast2', ['-c', join(this.folder, 'icecast.xml')], { stdio: 'ignore' })
    for (let i = 0; i < 100; i++, await sleep(50)) if (await fetch(`http://127.0.0.1:${this.port}/status-json.xsl`).then(() => true, () => false)) return
    throw new Error('icecast does not answer')
  }

  async stop() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) return
    const gone = new Promise((done) => this.child.on('exit', done))
    this.child.kill('SIGKILL')
    await gone
  }

  /** What it says of its mounts: {"/a.mp3": {…}}. While a mount comes or goes its JSON is not always whole. */
  async mounts() {
    const { icestats } = await eventually(async () => {
      const text = await (await fetch(`http://127.0.0.1:${this.port}/status-json.xsl`)).text()
      try { return JSON.parse(text) } catch { return null }
    }, 'JSON from Icecast')
    return Object.fromEntries([icestats.source ?? []].flat().map((source) => [new URL(source.listenurl).pathname, source]))
  }
}

/** Everything that comes from an address until it is stopped. */
function follow(address) {
  const child = spawn('curl', ['-s', '-N', address]), pieces = []
  child.stdout.on('data', (piece) => pieces.push(piece))
  return { bytes: () => Buffer.concat(pieces), stop: () => child.kill() }
}

/** Where the middle of what was heard stands in what the station has sent: all of it, nothing left out or said twice. */
function placeIn(station, heard, what) {
  const from = Math.min(heard.length >> 2, 20000), middle = heard.subarray(from, heard.length - 4000)
  assert.ok(middle.length > 20000, `${what}: only ${heard.length} bytes`)
  const at = station.indexOf(middle)
  assert.ok(at >= 0, `${what}: not what the station has sent`)
  return at - from
}

const eventually = (condition, what) => until(condition, what, 20000)

test('stations on a real Icecast', { ...within(120000), skip: missing }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'auralis-icecast-'))
  const icecast = new Icecast(await freePort(), folder)
  t.after(async () => {
    await icecast.stop()
    rmSync(folder, { recursive: true })
  })
  const at = (mount) => `icecast://source:${encodeURIComponent(SECRET)}@127.0.0.1:${icecast.port}${mount}`
  const config = join(folder, 'auralis.conf')
  writeFileSync(config, `[station night]\nseed = 9\npreset = sleep\nicecast = ${at('/night.opus')}\n`)
  await icecast.start()
  const server = await Server.start('--config', config, '--icecast', at('/main.mp3'))
  t.after(() => server.end())
  const own = { '/main.mp3': follow(`${server.http}/stations/main.mp3`), '/night.opus': follow(`${server.http}/stations/night.opus`) }
  t.after(() => Object.values(own).forEach(({ stop }) => stop()))
  const feeds = async () => Object.fromEntries((await server.json('/api/status')).icecast.map((feed) => [feed.station, feed]))
  const bothConnected = async () => Object.values(await feeds()).every((feed) => feed.state === 'connected')
  await eventually(bothConnected, 'both feeds')
  assert.equal((await feeds()).main.server, `127.0.0.1:${icecast.port}/main.mp3`)

  // Heard, and not silent.
  await sleep(2500)
  const heard = async (mount, format) => {
    const sound = await run('curl', ['-s', '-m', '2.5', `http://127.0.0.1:${icecast.port}${mount}`], { encoding: 'buffer', maxBuffer: 1 << 26 }).catch((end) => end)
    const child = spawn('ffmpeg', ['-v', 'error', '-f', format, '-i', 'pipe:0', '-af', 'volumedetect', '-v', 'info', '-f', 'null', '-'])
    let text = ''
    child.stderr.on('data', (piece) => (text += piece))
    child.stdin.end(sound.stdout)
    await new Promise((done) => child.on('close', done))
    return { text, bytes: sound.stdout }
  }
  for (const [mount, format] of [['/main.mp3', 'mp3'], ['/night.opus', 'ogg']]) {
    const { text: said, bytes } = await heard(mount, format)
    await sleep(500)
    placeIn(own[mount].bytes(), bytes, mount)
    assert.ok(Number(said.match(/max_volume: (-?[\d.]+) dB/)?.[1]) > -40, `${mount}: ${said}`)
    assert.ok(Number(said.match(/n_samples: (\d+)/)[1]) > 2 * 96000, mount)
  }
  const mounts = await icecast.mounts()
  assert.equal(mounts['/main.mp3'].server_name, 'Auralis: main')
  assert.equal(mounts['/main.mp3'].server_type, 'audio/mpeg')
  assert.match(mounts['/night.opus'].server_type, /ogg/)
  await eventually(async () => /^main: A aeolian/.test((await icecast.mounts())['/main.mp3'].title ?? ''), 'a title')
  await fetch(`${server.http}/api/control`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"key":"D","mode":"dorian"}' })
  await eventually(async () => /^main: D dorian/.test((await icecast.mounts())['/main.mp3'].title), 'a new title')

  // The other side goes and comes back.
  await icecast.stop()
  await eventually(async () => Object.values(await feeds()).every((feed) => feed.state !== 'connected' && feed.failures > 0), 'the loss to be noticed')
  const sent = own['/main.mp3'].bytes().length
  await icecast.start()
  await eventually(bothConnected, 'both feeds again')
  await sleep(2500)
  const { bytes } = await heard('/main.mp3', 'mp3')
  await sleep(500)
  const place = placeIn(own['/main.mp3'].bytes(), bytes, 'after the restart')
  assert.ok(place > sent - 20000, `it goes on with the present: from ${place}, ${sent} had been sent before`)
  await eventually(async () => /^main: D dorian/.test((await icecast.mounts())['/main.mp3'].title ?? ''), 'the title again')
  assert.ok((await feeds()).main.connects >= 2)
  const metrics = await (await fetch(`${server.http}/metrics`)).text()
  assert.ok(Number(metrics.match(/^auralis_icecast_failures_total (\d+)$/m)[1]) >= 2)
  assert.equal(await server.stop(), 0)
  assert.match(server.errors, /station "night" is on 127\.0\.0\.1/)
  assert.ok(!(server.errors + server.output).includes('word'), 'no password in what the server says')
})

test('SIGHUP: feeds that stay play on, others end and begin', { ...within(120000), skip: missing }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'auralis-icecast-')), icecast = new Icecast(await freePort(), folder)
  t.after(async () => {
    await icecast.stop()
    rmSync(folder, { recursive: true })
  })
  const config = join(folder, 'auralis.conf')
  const at = (mount) => `icecast = icecast://source:${encodeURIComponent(SECRET)}@127.0.0.1:${icecast.port}${mount}\n`
  await icecast.start()
  writeFileSync(config, `${at('/main.mp3')}[station night]\n${at('/night.mp3')}[station dawn]\n`)
  const server = await Server.start('--config', config)
  t.after(() => server.end())
  const feeds = async () => Object.fromEntries(((await server.json('/api/status')).icecast ?? []).map((feed) => [feed.station, feed]))
  const mounts = async () => Object.keys(await icecast.mounts()).sort().join()
  const reload = async (text) => {
    const before = server.errors.length
    writeFileSync(config, text)
    server.child.kill('SIGHUP')
    await eventually(() => server.errors.slice(before).includes('was read again'), 'the configuration to be read again')
    assert.doesNotMatch(server.errors.slice(before), /starts anew/)
  }
  await eventually(async () => (await mounts()) === '/main.mp3,/night.mp3', 'two mounts')

  await reload(`${at('/main.mp3')}[station night]\n${at('/nacht.opus')}[station dawn]\n${at('/dawn.mp3')}`)
  assert.deepEqual(Object.keys(await feeds()).sort(), ['dawn', 'main', 'night'])
  await eventually(async () => (await mounts()) === '/dawn.mp3,/main.mp3,/nacht.opus', 'one mount moved, one more')
  assert.equal(server.errors.split('station "main" is on').length - 1, 1, 'whose feed did not change is not disturbed')

  await reload('[station night]\n[station dawn]\n')
  assert.deepEqual(await feeds(), {})
  await eventually(async () => (await mounts()) === '', 'no mount')
  assert.equal(await server.stop(), 0)
  assert.ok(!server.errors.includes(SECRET) && !server.errors.includes(encodeURIComponent(SECRET)))
})

test('bad addresses are refused, without their password', { skip: missing }, () => {
  for (const url of ['http://source:word@h:1/a.mp3', 'icecast://word@host:99999/a.mp3', 'icecast://word@host/a.flac', 'icecast://host/a.mp3', 'icecast://u:word@/a.mp3']) {
    const { status, stderr } = spawnSync(AURALIS, ['serve', '--check-config', '--icecast', url])
    assert.equal(status, 2, url)
    assert.match(`${stderr}`, /must be like icecast:\/\//)
    assert.ok(!`${stderr}`.includes('word@h'), `${stderr}`)
  }
  const printed = spawnSync(AURALIS, ['serve', '--print-config', '--icecast', 'icecast://source:word@host:8000/a.mp3'])
  assert.equal(printed.status, 0)
  assert.ok(!`${printed.stdout}`.includes('word@'))
})
