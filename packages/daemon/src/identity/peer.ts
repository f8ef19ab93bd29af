import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'

import { syscallProgram } from '../native/syscall.ts'
import type { Caller } from './caller.ts'
import { groupNames, userName } from './names.ts'

/** How many are looked up at once; the others wait. */
const lookupsMax = 8
/** How long the program may take, in milliseconds: it makes two system calls. */
const lookupMs = 5000

let running = 0
const waiting: (() => void)[] = []

/**
 * Who is at the other end of a Unix socket, as the kernel noted it when they connected. Of the socket nothing must have
 * been read.
 * @throws {Error} when it cannot be told: then nobody may be served there.
 */
export async function peerOf(socket: Socket): Promise<Caller> {
  const { pid, uid, gids } = await lookUp(socket)
  const [name, groups] = await Promise.all([userName(uid), groupNames(gids)])
  return { identity: `unix:${name ?? uid}`, via: 'unix', from: `pid ${pid}`, uid, groups }
}

interface Peer {
  pid: number
  uid: number
  gids: readonly number[]
}

async function lookUp(socket: Socket): Promise<Peer> {
  if (running >= lookupsMax) await new Promise<void>((resolve) => void waiting.push(resolve))
  else running++
  try {
    if (socket.destroyed) throw new Error('the peer has gone')
    return parsePeer(await askKernel(socket))
  } finally {
    // Whoever waits takes this one's place.
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

/** Node has no call for it: a program does, which gets the socket as its descriptor 3. */
async function askKernel(socket: Socket): Promise<string> {
  const child = spawn(syscallProgram(), ['peer'], {
    stdio: ['ignore', 'pipe', 'pipe', socket],
    env: {},
    timeout: lookupMs,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const [output, complaint, status] = await Promise.all([text(child.stdout!), text(child.stderr!), ended])
  if (status !== 0) throw new Error(`corral-syscall peer failed: ${complaint.trim() || `exit status ${status}`}`)
  return output
}

/** What corral-syscall has printed. The own group is among them. */
export function parsePeer(line: string): Peer {
  const [, pid, uid, gid, groups] = /^pid=(\d+) uid=(\d+) gid=(\d+) groups=([\d,]*)\n$/.exec(line) ?? []
  if (groups === undefined) throw new Error(`corral-syscall peer printed ${JSON.stringify(line)}`)
  const gids = [gid!, ...groups.split(',').filter((each) => each !== '')].map(Number)
  return { pid: Number(pid), uid: Number(uid), gids: [...new Set(gids)] }
}
