import { randomBytes } from 'node:crypto'
import { chmod, chown, lstat, mkdir, rename, rm } from 'node:fs/promises'
import net from 'node:net'
import { dirname, isAbsolute, join } from 'node:path'

import { InvalidOptionError } from '@corral/runner/errors'

import { groupId } from '../identity/names.ts'
import { ListenError } from './listen-error.ts'
import type { UnixListenerOptions } from './options.ts'

/** The group whose members may connect, where the host has it. */
const usualGroup = 'corral'
/** A socket's path has 107 bytes, and while it is made it is in a folder beside its place. */
const pathMax = 90

/** Who may connect. */
interface Access {
  mode: number
  gid: number | undefined
}

/**
 * Has a server listen on a socket file, which appears with its mode and group. A file that a dead daemon left is replaced.
 * Gives what removes it again.
 * @throws {ListenError} when something else is there, such as the socket of a daemon that lives.
 */
export async function listenOnFile(server: net.Server, options: UnixListenerOptions): Promise<() => Promise<void>> {
  const { path } = options
  if (!isAbsolute(path) || Buffer.byteLength(path) > pathMax || path.includes('\0')) {
    throw new InvalidOptionError('path', path, `an absolute path of at most ${pathMax} bytes`)
  }
  const access = await resolveAccess(options)
  await makeFolder(path)
  await checkPlace(path)
  await bindInPlace(server, path, access)
  const { ino } = await lstat(path)
  return async () => {
    // Not that of a daemon that has taken over meanwhile.
    const now = await lstat(path).catch(() => undefined)
    if (now?.ino === ino) await rm(path, { force: true })
  }
}

async function resolveAccess({ mode, group }: UnixListenerOptions): Promise<Access> {
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o777)) {
    throw new InvalidOptionError('mode', mode, 'the mode of a file, from 0 to 0o777')
  }
  const gid = await groupId(group ?? usualGroup)
  if (group !== undefined && gid === undefined) {
    throw new InvalidOptionError('group', group, 'a group that this host has (getent group)')
  }
  return { gid, mode: mode ?? (gid === undefined ? 0o600 : 0o660) }
}

/** A folder that we make can be entered by all, whatever the umask: the socket's mode says who may connect. */
async function makeFolder(path: string): Promise<void> {
  const folder = dirname(path)
  try {
    await mkdir(folder)
    await chmod(folder, 0o755)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return
    throw new ListenError(`cannot listen on ${path}: ${(cause as Error).message}`, path, { cause })
  }
}

/** Refuses a place where something is that is not a dead daemon's. */
async function checkPlace(path: string): Promise<void> {
  const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new ListenError(`cannot listen on ${path}: ${error.message}`, path, { cause: error })
  })
  if (there === undefined) return
  if (!there.isSocket())
    throw new ListenError(`cannot listen on ${path}: something is there that is not a socket`, path)
  const failure = await tryToConnect(path)
  if (failure === 'ECONNREFUSED' || failure === 'ENOENT') return
  const who =
    failure === undefined
      ? 'somebody listens there, perhaps another corrald'
      : `whether somebody listens there cannot be told (${failure})`
  throw new ListenError(`cannot listen on ${path}: ${who}`, path)
}

/** The error's code, or undefined when somebody is there. */
function tryToConnect(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect(path)
    socket
      .once('connect', () => resolve(undefined))
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.once('connect', () => socket.destroy())
  })
}

/** In a folder that nobody else can enter, until it has its mode and group; then it is moved, in one step. */
async function bindInPlace(server: net.Server, path: string, { mode, gid }: Access): Promise<void> {
  const folder = join(dirname(path), `.${randomBytes(4).toString('hex')}`)
  const draft = join(folder, 's')
  try {
    await mkdir(folder, { mode: 0o700 })
    await listen(server, { path: draft })
    if (gid !== undefined) await chown(draft, -1, gid)
    await chmod(draft, mode)
    await rename(draft, path)
  } catch (cause) {
    server.close()
    throw new ListenError(`cannot listen on ${path}: ${(cause as Error).message}`, path, { cause })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** How many connections wait to be accepted, as far as the kernel's net.core.somaxconn lets them: many come at once. */
const backlog = 4096

/** Resolves once the server listens. */
export function listen(server: net.Server, where: net.ListenOptions | { fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...where, backlog }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
