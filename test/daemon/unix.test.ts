import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, watch } from 'node:fs'
import { mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import http2 from 'node:http2'
import net from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { text } from 'node:stream/consumers'

import { describe, expect } from 'vitest'

import { curl, follow, get, test } from '../support/doors.ts'

const run = promisify(execFile)
const url = 'http://localhost/who'

/** Asks who it is as another user. */
async function askAs(socket: string, ...who: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run('setpriv', [...who, 'curl', '-sS', '--unix-socket', socket, url])
  return JSON.parse(stdout) as Record<string, unknown>
}

const connect = (path: string): http2.ClientHttp2Session =>
  http2.connect('http://localhost', { createConnection: () => net.connect(path) })

describe('on one socket', () => {
  test('HTTP/1.1 and HTTP/2 are served, and the peer is known', async ({ openDoors }) => {
    const { socket } = await openDoors({ tls: [] })
    const http1 = JSON.parse((await curl('--unix-socket', socket, url)).stdout) as Record<string, unknown>
    const http2 = JSON.parse((await curl('--unix-socket', socket, '--http2-prior-knowledge', url)).stdout) as object
    expect(http1).toMatchObject({ http: '1.1', session: false, identity: 'unix:root', via: 'unix', uid: 0 })
    expect(http2).toMatchObject({ http: '2.0', session: true, identity: 'unix:root', via: 'unix', uid: 0 })
    expect(http1['from']).toMatch(/^pid \d+$/)
    expect(http1['groups']).toContain('root')
  })

  test('the preface may come byte by byte, and the request with it', async ({ openDoors }) => {
    const { socket } = await openDoors({ tls: [] })
    for (const request of [
      'POST /size HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12345',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ]) {
      const client = net.connect(socket)
      for (const byte of request) {
        await new Promise((resolve) => client.write(byte, resolve))
      }
      const [answer] = (await once(client, 'data')) as [Buffer]
      // HTTP/2 answers with its settings.
      if (request.startsWith('PRI')) expect(answer.subarray(3, 5)).toEqual(Buffer.from([4, 0]))
      else expect(answer.toString()).toMatch(/^HTTP\/1\.1 200[^]*5$/)
      client.destroy()
    }
  })

  test('a client that ends its side after the request gets its answer', async ({ openDoors }) => {
    const { socket } = await openDoors({ tls: [] })
    const client = net.connect({ path: socket, allowHalfOpen: true })
    client.end('GET /who HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(await text(client)).toContain('unix:root')
  })

  test('large requests are whole, over both', async ({ openDoors, folder }) => {
    const { socket } = await openDoors({ tls: [] })
    await writeFile(join(folder, 'large'), Buffer.alloc(3_000_000, 65))
    for (const version of ['--http1.1', '--http2-prior-knowledge']) {
      const body = `@${join(folder, 'large')}`
      const { stdout } = await curl(version, '--unix-socket', socket, '--data-binary', body, 'http://localhost/size')
      expect(stdout).toBe('3000000')
    }
  })

  test('reading who the peer is leaves the socket as it is: a slow reader holds up nobody', async ({ openDoors }) => {
    const { socket } = await openDoors({ tls: [] })
    const session = connect(socket)
    await get(session, '/who')
    expect(await blockingSockets()).toEqual([])
    session.close()
  })

  test('all requests of a connection have one caller, who is looked up once', async ({ openDoors }) => {
    const { socket } = await openDoors({ tls: [] })
    const session = connect(socket)
    const answers = await Promise.all(Array.from({ length: 100 }, () => get(session, '/who')))
    expect(new Set(answers).size).toBe(1)
    session.close()
  })
})

/** Sockets of this process that have their waiting switched on. */
async function blockingSockets(): Promise<string[]> {
  const fds = await readdir('/proc/self/fd')
  const found = await Promise.all(
    fds.map(async (fd) => {
      const target = await readlink(`/proc/self/fd/${fd}`).catch(() => '')
      if (!target.startsWith('socket:')) return []
      const info = await readFile(`/proc/self/fdinfo/${fd}`, 'utf8').catch(() => 'flags: 04000')
      return Number.parseInt(/flags:\s+(\d+)/.exec(info)![1]!, 8) & 0o4000 ? [] : [`${fd} ${target}`]
    }),
  )
  // The three that every process has are whoever's that started it.
  return found.flat().filter((line) => Number(line.split(' ')[0]) > 2)
}

describe('who may connect', () => {
  test('is, by default, the owner alone where there is no group corral', async ({ openDoors, skip }) => {
    const { stdout } = await run('getent', ['group', 'corral']).catch(() => ({ stdout: '' }))
    if (stdout !== '') skip('this host has a group corral')
    const { socket } = await openDoors({ tls: [] })
    expect((await stat(socket)).mode & 0o777).toBe(0o600)
    await expect(askAs(socket, '--reuid=nobody', '--regid=nogroup', '--clear-groups')).rejects.toThrow(
      'Failed to connect',
    )
    expect(await askAs(socket, '--reuid=root')).toMatchObject({ uid: 0 })
  })

  test('is who is in the group, as the mode says', async ({ openDoors, folder }) => {
    const socket = join(folder, 'run/g.sock')
    await openDoors({ tls: [], unix: [{ path: socket, group: 'adm', mode: 0o660 }] })
    const { mode, gid } = await stat(socket)
    expect({ mode: mode & 0o777, gid }).toEqual({ mode: 0o660, gid: await idOf('adm') })
    const member = await askAs(socket, '--reuid=nobody', '--regid=nogroup', '--groups=adm,games')
    expect(member).toMatchObject({ identity: 'unix:nobody', uid: 65_534, groups: ['nogroup', 'adm', 'games'] })
    await expect(askAs(socket, '--reuid=nobody', '--regid=nogroup', '--groups=games')).rejects.toThrow(
      'Failed to connect',
    )
  })

  test('may have no name', async ({ openDoors, folder }) => {
    const socket = join(folder, 'run/all.sock')
    await openDoors({ tls: [], unix: [{ path: socket, mode: 0o666 }] })
    const caller = await askAs(socket, '--reuid=54321', '--regid=54322', '--clear-groups')
    expect(caller).toMatchObject({ identity: 'unix:54321', uid: 54_321, groups: ['54322'] })
  })
})

async function idOf(group: string): Promise<number> {
  const { stdout } = await run('getent', ['group', group])
  return Number(stdout.split(':')[2])
}

describe('the file', () => {
  test('of a daemon that was killed is replaced', async ({ openDoors, folder }) => {
    const path = join(folder, 'run/corrald.sock')
    const left = `require('node:fs').mkdirSync(${JSON.stringify(join(path, '..'))});
      require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    await once(spawn(process.execPath, ['-e', left]), 'exit')
    expect((await stat(path)).isSocket()).toBe(true)
    const { socket } = await openDoors({ tls: [] })
    expect((await curl('--unix-socket', socket, url)).stdout).toContain('unix:root')
  })

  test('of a daemon that lives is not, and goes with it', async ({ openDoors }) => {
    const { socket, listeners } = await openDoors({ tls: [] })
    await expect(openDoors({ tls: [] })).rejects.toThrow('somebody listens there, perhaps another corrald')
    expect((await curl('--unix-socket', socket, url)).stdout).toContain('unix:root')
    await listeners.close(0)
    await expect(stat(socket)).rejects.toThrow('ENOENT')
    expect(await readdir(join(socket, '..'))).toEqual([])
  })

  test('is left alone when it is no socket', async ({ openDoors, folder }) => {
    const path = join(folder, 'file')
    await writeFile(path, 'precious')
    await expect(openDoors({ tls: [], unix: [{ path }] })).rejects.toThrow('something is there that is not a socket')
    expect(await readFile(path, 'utf8')).toBe('precious')
  })

  test('is there with its mode and group from the beginning', async ({ openDoors, folder }) => {
    const path = join(folder, 'run/corrald.sock')
    await mkdir(join(path, '..'))
    const seen = new Set<string>()
    const watcher = watch(join(path, '..'), () => {
      const found = statSync(path, { throwIfNoEntry: false })
      if (found) seen.add((found.mode & 0o777).toString(8))
    })
    for (let round = 0; round < 20; round++) {
      const appeared = once(watcher, 'change')
      const { listeners } = await openDoors({ tls: [], unix: [{ path, mode: 0o640 }] })
      await appeared
      await listeners.close(0)
    }
    watcher.close()
    expect([...seen]).toEqual(['640'])
  })

  test('options that cannot be are refused, with what is accepted', async ({ openDoors, folder }) => {
    const path = join(folder, 'run/x.sock')
    const wrong = [
      [{ path: 'x.sock' }, "path: received 'x.sock'; accepted: an absolute path of at most 90 bytes"],
      [{ path: `/${'x'.repeat(90)}` }, 'an absolute path of at most 90 bytes'],
      [{ path, group: 'no-such-group' }, "group: received 'no-such-group'; accepted: a group that this host has"],
      [{ path, mode: 0o1777 }, 'accepted: the mode of a file, from 0 to 0o777'],
      [{ path: '/proc/x/y.sock' }, 'cannot listen on /proc/x/y.sock: ENOENT'],
    ] as const
    for (const [options, words] of wrong) {
      await expect(openDoors({ tls: [], unix: [options] })).rejects.toThrow(words)
    }
  })
})

test('streams end by themselves while the daemon closes, and are cut off after the grace', async ({ openDoors }) => {
  const { socket, listeners } = await openDoors({ tls: [] })
  const [session, other] = [connect(socket), connect(socket)]
  const [kept, idle] = [await follow(session), await follow(other)]
  const goaway = once(session, 'goaway')
  const closing = listeners.close(60_000)
  await goaway
  await expect(once(net.connect(socket), 'connect')).rejects.toThrow('ENOENT')
  idle.close()
  // The one that is left has what it waits for from a request that was already under way: here, from its own end.
  kept.close()
  await closing
  expect(listeners.connections).toBe(0)
})

test('what does not end is cut off after the grace', async ({ openDoors }) => {
  const { socket, listeners } = await openDoors({ tls: [] })
  const session = connect(socket)
  session.on('error', () => {})
  await follow(session)
  const http1 = net.connect(socket)
  http1.write('GET /follow HTTP/1.1\r\nhost: x\r\n\r\n')
  http1.on('error', () => {})
  await once(http1, 'data')
  const gone = Promise.all([session, http1].map((each) => new Promise((resolve) => void each.once('close', resolve))))
  http1.resume()
  await listeners.close(50)
  await gone
})
