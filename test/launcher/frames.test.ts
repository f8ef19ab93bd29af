import { constants } from 'node:os'

import { expect } from 'vitest'

import { countDescriptors, expectNoRemains, launcherOf, launcherProcesses } from '../faults/host.ts'
import { eventually, test } from '../support/test.ts'
import { frameOf, payloadOf, RawPeer, type Fields } from './raw-peer.ts'

const { EBADMSG, EINVAL, ENOTCONN, EMSGSIZE, EOPNOTSUPP, EPROTO, EPROTONOSUPPORT, ESRCH } = constants.errno

/** A length that has nothing to do with what follows. */
function headerOf(length: number): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32LE(length)
  return header
}

const unframed: [what: string, bytes: Buffer][] = [
  ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['an empty frame', headerOf(0)],
  ['a frame of 4 MiB and a byte', headerOf(4 * 1024 * 1024 + 1)],
  ['a frame of 4 GiB', Buffer.concat([headerOf(0xffffffff), Buffer.alloc(1000, 'x=')])],
  [
    'a good frame, then garbage',
    Buffer.concat([
      frameOf(
        payloadOf([
          ['type', 'x'],
          ['id', 1],
        ]),
      ),
      Buffer.alloc(64, 0xff),
    ]),
  ],
]

for (const [what, bytes] of unframed) {
  test(`${what}: an error frame, then the connection is closed`, async ({ runner }) => {
    const name = await runner.start({ command: ['true'] })
    const pid = await launcherOf(runner.storageRoot)
    await using peer = await RawPeer.connect(runner.storageRoot, { hello: false })
    peer.send(bytes)
    if (what.startsWith('a good frame')) expect(await peer.reply()).toMatchObject({ type: 'error', errno: `${EPROTO}` })
    expect(await peer.reply()).toMatchObject({ type: 'error', step: 'frame', errno: `${EMSGSIZE}` })
    await peer.closed
    expect((await runner.wait(name)).exitStatus).toBe(0)
    expect(await launcherOf(runner.storageRoot)).toBe(pid)
  })
}

const malformed: [what: string, payload: Buffer][] = [
  ['no NUL at the end', Buffer.from('type=known\0id=1')],
  ['a field without a value', Buffer.from('type=known\0id\0')],
  ['a field without a key', Buffer.from('=known\0id=1\0')],
  ['an empty field', Buffer.from('type=known\0\0id=1\0')],
  ['a single NUL', Buffer.from('\0')],
  ['bytes', Buffer.from(Array.from({ length: 256 }, (_, byte) => 255 - byte))],
  ['no type', payloadOf([['id', 1]])],
  ['no id', payloadOf([['type', 'known']])],
  [
    'a long id',
    payloadOf([
      ['type', 'known'],
      ['id', '1'.repeat(24)],
    ]),
  ],
]

test('a malformed frame: an error frame, and the connection goes on', async ({ runner }) => {
  await runner.stop(await runner.start({ command: ['true'] }))
  await using peer = await RawPeer.connect(runner.storageRoot)
  for (const [what, payload] of malformed) {
    peer.send(frameOf(payload))
    const error = { type: 'error', id: '0', step: 'frame', errno: `${EBADMSG}` }
    expect({ what, ...(await peer.reply()) }).toMatchObject({ what, ...error })
    expect(await peer.request('known')).toMatchObject({ type: 'known', id: '1' })
  }
})

const unwanted: [type: string, fields: Fields, reply: Record<string, unknown>][] = [
  ['sing', [], { step: 'frame', errno: `${EOPNOTSUPP}` }],
  ['hello', [], { step: 'version', errno: `${EPROTONOSUPPORT}` }],
  ['hello', [['version', 2]], { step: 'version', errno: `${EPROTONOSUPPORT}` }],
  ['place', [], { step: 'frame', errno: `${EINVAL}` }],
  ['watch', [], { step: 'watch', errno: `${EINVAL}` }],
  [
    'watch',
    [
      ['name', 'a'],
      ['pid', -1],
      ['starttime', 1],
    ],
    { step: 'watch', errno: `${EINVAL}` },
  ],
  [
    'watch',
    [
      ['name', 'a'],
      ['pid', 1],
      ['starttime', '1e3'],
    ],
    { step: 'watch', errno: `${EINVAL}` },
  ],
  // Another process: not the one that started then.
  [
    'watch',
    [
      ['name', 'a'],
      ['pid', process.pid],
      ['starttime', 1],
    ],
    { step: 'watch', errno: `${ESRCH}` },
  ],
  ['signal', [], { step: 'signal', errno: `${EINVAL}` }],
  [
    'signal',
    [
      ['name', 'a'],
      ['signal', 15],
    ],
    { step: 'signal', errno: `${ESRCH}` },
  ],
  [
    'signal',
    [
      ['name', 'a'],
      ['signal', 65],
    ],
    { step: 'signal', errno: `${EINVAL}` },
  ],
  ['exec', [['name', 'a']], { step: 'job', errno: `${ESRCH}` }],
  ['resize', [], { step: 'job', errno: `${ESRCH}` }],
  [
    'signal',
    [
      ['name', 'a'],
      ['exec', 'b'],
      ['signal', 9],
    ],
    { step: 'job', errno: `${ESRCH}` },
  ],
  // Whoever has said hello is a runner, and nothing that one could lend.
  ['lend', [['lent', 'a']], { step: 'frame', errno: `${EINVAL}` }],
  [
    'start',
    [
      ['name', 'a'],
      ['dir', '/x'],
      ['lent', 'nothing'],
    ],
    { step: 'stdin', errno: `${ENOTCONN}` },
  ],
  ['start', [], { step: 'frame', errno: `${EINVAL}` }],
  ['start', [['name', 'a']], { step: 'frame', errno: `${EINVAL}` }],
  [
    'start',
    [
      ['name', 'a'],
      ['dir', '/x'],
      ['namespace', 'moon'],
    ],
    { step: 'frame', errno: `${EINVAL}` },
  ],
  [
    'start',
    [
      ['name', 'a'],
      ['dir', '/x'],
    ],
    { step: 'frame', path: 'cwd', errno: `${EINVAL}` },
  ],
  [
    'start',
    [
      ['name', 'a'],
      ['dir', '/x'],
      ['cgroup', '/x'],
    ],
    { step: 'frame', path: 'cwd', errno: `${EINVAL}` },
  ],
]

const start: Fields = [
  ['name', 'a'],
  ['dir', '/nowhere/a'],
  ['cgroup', '/nowhere'],
  ['cwd', '/'],
  ['capabilities', 0],
]
for (const [key, value] of [
  ['uid', 1],
  ['uid', 2 ** 32],
  ['gid', 'root'],
  ['group', -5],
  ['timeout', '1 '],
  ['grace', ''],
  ['stopsignal', '+15'],
  ['capabilities', 'all'],
  ['ownuid', 1],
] as const) {
  unwanted.push(['start', [[key, value], ...start], { step: 'frame', errno: `${EINVAL}` }])
}
unwanted.push(['start', start, { step: 'frame', path: 'arg', errno: `${EINVAL}` }])
unwanted.push(['start', [...start, ['arg', 'true']], { step: 'folder', path: '/nowhere/a' }])
// Too long for a message to init: it goes in memory.
unwanted.push(['start', [...start, ['arg', 'x'.repeat(3_000_000)]], { step: 'folder', path: '/nowhere/a' }])

test('a request that cannot be: an error frame that says why, and the connection goes on', async ({ runner }) => {
  await runner.stop(await runner.start({ command: ['true'] }))
  await using peer = await RawPeer.connect(runner.storageRoot)
  for (const [type, fields, reply] of unwanted) {
    const what = `${type} ${fields.map(([key, value]) => `${key}=${String(value).slice(0, 20)}`).join(' ')}`
    expect({ what, ...(await peer.request(type, fields)) }).toMatchObject({ what, type: 'error', id: '1', ...reply })
  }
  await eventually(async () => expect(await peer.request('known')).toEqual({ type: 'known', id: '1' }))
  await expectNoRemains(runner.storageRoot)
})

test('nothing is done for a peer that has not said hello, or speaks another version', async ({ runner }) => {
  await runner.stop(await runner.start({ command: ['true'] }))
  await using peer = await RawPeer.connect(runner.storageRoot, { hello: false })
  const first = { type: 'error', errno: `${EPROTO}`, message: 'hello comes first' }
  expect(await peer.request('known')).toMatchObject(first)
  expect(await peer.request('start', start)).toMatchObject(first)
  expect(await peer.request('hello', [['version', 999]])).toMatchObject({ type: 'error', step: 'version' })
  expect(await peer.request('known')).toMatchObject(first)
  expect(await peer.request('hello', [['version', 3]])).toMatchObject({ type: 'hello', version: '3' })
  expect(await peer.request('known')).toMatchObject({ type: 'known' })
})

test('a frame may come byte by byte, and many in one piece', async ({ runner }) => {
  await runner.stop(await runner.start({ command: ['true'] }))
  await using peer = await RawPeer.connect(runner.storageRoot)
  peer.socket.setNoDelay(true)
  for (const byte of frameOf(
    payloadOf([
      ['type', 'known'],
      ['id', 'slow'],
    ]),
  )) {
    await new Promise((resolve) => peer.socket.write(Buffer.of(byte), resolve))
  }
  expect(await peer.reply()).toMatchObject({ type: 'known', id: 'slow' })
  const ids = Array.from({ length: 1000 }, (_, index) => String(index))
  peer.send(
    Buffer.concat(
      ids.map((id) =>
        frameOf(
          payloadOf([
            ['type', 'known'],
            ['id', id],
          ]),
        ),
      ),
    ),
  )
  for (const id of ids) expect(await peer.reply()).toMatchObject({ type: 'known', id })
})

test('the longest frame is taken', async ({ runner }) => {
  await runner.stop(await runner.start({ command: ['true'] }))
  await using peer = await RawPeer.connect(runner.storageRoot)
  const rest =
    4 * 1024 * 1024 -
    payloadOf([
      ['type', 'known'],
      ['id', 1],
      ['x', ''],
    ]).length
  expect(await peer.request('known', [['x', 'x'.repeat(rest)]])).toMatchObject({ type: 'known', id: '1' })
})

test('peers that leave in the middle of a frame, or without a word, cost nothing', async ({ runner }) => {
  await runner.stop(await runner.start({ command: ['true'] }))
  const pid = await launcherOf(runner.storageRoot)
  // The spare init, which is a socket and a pidfd, comes when there is nothing else to do.
  await eventually(async () => expect((await launcherProcesses(runner.storageRoot)).inits).toHaveLength(1))
  const before = await countDescriptors(pid)
  for (let turn = 0; turn < 50; turn++) {
    await using peer = await RawPeer.connect(runner.storageRoot, { hello: turn % 3 === 0 })
    if (turn % 2 === 0)
      peer.send(
        frameOf(
          payloadOf([
            ['type', 'known'],
            ['id', 1],
          ]),
        ).subarray(0, turn % 20),
      )
  }
  await eventually(async () => expect(await countDescriptors(pid)).toBeLessThanOrEqual(before))
  const name = await runner.start({ command: ['sh', '-c', 'exit 5'] })
  expect((await runner.wait(name)).exitStatus).toBe(5)
})
