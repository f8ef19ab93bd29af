import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { choosePlace, type PlaceChoice, settlePlace } from '../cgroup/index.ts'
import type { Place } from '../cgroup/contract.ts'
import { CorralError } from '../errors/corral-error.ts'
import { errnoOf, fileError } from '../errors/errno.ts'
import type { FieldList } from '../store/record.ts'
import type { Storage } from '../store/storage.ts'
import { LauncherConnection } from './connection.ts'
import { checkLauncher, launcherPath } from './native.ts'

/** How long a launcher stays with no job and no runner, in milliseconds. */
const idleMs = 10_000

/** How long to go on trying to reach a launcher that another process is just starting or that is just leaving. */
const patienceMs = 10_000

/** A connection to the storage root's launcher, and where its jobs live. */
export interface LauncherSession {
  connection: LauncherConnection
  place: Place
  /** The place as it goes into each job's spec. */
  placeJson: string
  /** True for the first runner that the launcher has: what it does not know of, and is half made on disk, is nobody's. */
  fresh: boolean
}

/** Decides where jobs live, once however often it is asked. */
type Choose = () => Promise<PlaceChoice>

/**
 * Connects to the launcher of a storage root, starting it when there is none, and settles where jobs live when no other
 * runner has.
 * @throws {CorralError} `LAUNCHER_UNAVAILABLE`, `CGROUP_UNAVAILABLE`
 */
export async function openLauncher(
  storage: Storage,
  cgroupParent: string | undefined,
  onEvent: (event: FieldList) => void,
): Promise<LauncherSession> {
  const deadline = performance.now() + patienceMs
  let choice: Promise<PlaceChoice> | undefined
  const choose: Choose = () =>
    (choice ??= choosePlace({ storageId: storage.id, ...(cgroupParent !== undefined && { cgroupParent }) }))
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 200)) {
    const connection = await tryConnect(storage, onEvent)
    const session = connection && (await greet(connection, storage, cgroupParent, choose))
    if (session) return session
    if (connection === undefined) {
      await checkLauncher()
      if ((await startLauncher(storage, await choose())) === 'ready') continue
    }
    if (performance.now() > deadline) {
      const message = `the launcher of ${storage.root} neither answers nor leaves: see ${logPath(storage)}`
      throw new CorralError('LAUNCHER_UNAVAILABLE', message, { path: storage.socketPath })
    }
    // Another process is starting a launcher, or one is leaving: the kernel tells of neither, hence a back-off.
    await delay(pauseMs)
  }
}

async function tryConnect(
  storage: Storage,
  onEvent: (event: FieldList) => void,
): Promise<LauncherConnection | undefined> {
  try {
    return await LauncherConnection.open(storage.socketPath, onEvent)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ECONNREFUSED' || errno === 'ECONNRESET') return undefined
    throw fileError('LAUNCHER_UNAVAILABLE', `connect to the launcher at ${storage.socketPath}`, error)
  }
}

/** Undefined: the launcher left while it was spoken to. */
async function greet(
  connection: LauncherConnection,
  storage: Storage,
  cgroupParent: string | undefined,
  choose: Choose,
): Promise<LauncherSession | undefined> {
  try {
    const hello = await connection.request('hello', [['version', 1]])
    if (hello.get('type') !== 'hello') {
      throw new CorralError('LAUNCHER_UNAVAILABLE', `the launcher of ${storage.root}: ${hello.get('message')}`)
    }
    const known = hello.get('place')
    const placeJson = known ?? (await settle(connection, hello.number('pid')!, storage, cgroupParent, choose))
    const place = JSON.parse(placeJson) as Place
    checkParent(place, cgroupParent, storage)
    return { connection, place, placeJson, fresh: known === undefined }
  } catch (error) {
    await connection.close()
    if (error instanceof CorralError) throw error
    return undefined
  }
}

/** Says where jobs live, for this and all later runners; gives it as JSON. */
async function settle(
  connection: LauncherConnection,
  launcherPid: number,
  storage: Storage,
  cgroupParent: string | undefined,
  choose: Choose,
): Promise<string> {
  const settled = await settlePlace(await choose(), storage.id, launcherPid)
  const place: Place = cgroupParent === undefined ? settled : { ...settled, parent: cgroupParent }
  const json = JSON.stringify(place)
  await connection.request('place', [
    ['place', json],
    ...place.cleanup.map((directory) => ['rmdir', directory] as const),
  ])
  return json
}

/** All jobs of a storage root live in one place: a runner that wants another one is told. */
function checkParent(place: Place, cgroupParent: string | undefined, storage: Storage): void {
  if (cgroupParent === undefined || place.parent === cgroupParent) return
  const message =
    `the jobs of ${storage.root} live in ${place.tracking}, not below ${cgroupParent}: ` +
    'use another storage root, or wait until the launcher has left'
  throw new CorralError('CGROUP_UNAVAILABLE', message, { path: cgroupParent })
}

function logPath(storage: Storage): string {
  return join(storage.root, 'launcher.log')
}

/** What the launcher, or systemd-run in its place, complained of last. */
async function lastWords(storage: Storage): Promise<string> {
  const log = await readFile(logPath(storage), 'utf8').catch(() => '')
  return log.trimEnd().split('\n').at(-1) || `it said nothing in ${logPath(storage)}`
}

/** Starts a launcher and waits until it listens; `busy`: another one does, or is about to. */
async function startLauncher(storage: Storage, choice: PlaceChoice): Promise<'ready' | 'busy'> {
  const words = [...choice.launchPrefix, launcherPath(), storage.root, String(idleMs)]
  const log = await open(logPath(storage), 'a', 0o600).catch((error: unknown) => {
    throw fileError('STORAGE_UNUSABLE', 'open the launcher log', error)
  })
  try {
    const child = spawn(words[0]!, words.slice(1), {
      detached: true,
      cwd: '/',
      // For systemd-run: the launcher itself reads no environment, and jobs are given their own.
      env: { ...pickEnvironment(['PATH', 'DBUS_SESSION_BUS_ADDRESS']), ...choice.launchEnvironment },
      stdio: ['ignore', 'pipe', log.fd],
    })
    const said = await firstLine(child, patienceMs).catch((cause: unknown) => {
      throw new CorralError('LAUNCHER_UNAVAILABLE', `could not start the launcher: ${String(cause)}`, { cause })
    })
    child.unref()
    if (said === 'ready' || said === 'busy') return said
    const late = said === undefined ? ` within ${patienceMs} ms` : ''
    const message = `the launcher did not start${late} (${words.join(' ')}): ${await lastWords(storage)}`
    throw new CorralError('LAUNCHER_UNAVAILABLE', message, { path: words[0]! })
  } finally {
    await log.close()
  }
}

/** The first line that a child says, or what it said before it ended; undefined: nothing in time, and it was ended. */
async function firstLine(child: ChildProcess, withinMs: number): Promise<string | undefined> {
  const stdout = child.stdout!
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  const timer = setTimeout(() => {
    child.kill()
    resolve(undefined)
  }, withinMs)
  let text = ''
  child.once('error', reject)
  stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (text.includes('\n')) resolve(text.trim())
  })
  stdout.once('close', () => resolve(text.trim()))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    stdout.destroy()
  }
}

function pickEnvironment(names: readonly string[]): Record<string, string> {
  const entries = names.map((name) => [name, process.env[name]] as const)
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}
