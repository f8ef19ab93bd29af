import { type ChildProcess, spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { choosePlace, type PlaceChoice, settlePlace } from '../cgroup/index.ts'
import type { NoPlace, Place } from '../cgroup/contract.ts'
import { CorralError } from '../errors/corral-error.ts'
import { errnoOf, fileError } from '../errors/errno.ts'
import type { IdMap } from '../isolation/config.ts'
import { ownIds } from '../ids/subordinate.ts'
import type { Field, FieldList } from '../store/record.ts'
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
  launcherPid: number
  place: Place | NoPlace
  /** The place as it goes into each job's spec. */
  placeJson: string
  /** True for the first runner that the launcher has: what it does not know of, and is half made on disk, is nobody's. */
  fresh: boolean
}

/** What a runner wants of the place where jobs live. */
export interface LauncherWish {
  cgroupParent: string | undefined
  /** Not in this process's own cgroup, where a scope can be had. */
  ownScope?: boolean
  /** There must be cgroups: a job is to have some. */
  needsCgroups: boolean
}

/** Decides where jobs live, once however often it is asked. */
type Choose = () => Promise<PlaceChoice | NoPlace>

function chooser(storage: Storage, { cgroupParent, ownScope, needsCgroups }: LauncherWish): Choose {
  let choice: Promise<PlaceChoice | NoPlace> | undefined
  const choose: Choose = () =>
    choosePlace({
      storageId: storage.id,
      ...(cgroupParent !== undefined && { cgroupParent }),
      ...(ownScope !== undefined && { ownScope }),
    })
  return () => (choice ??= needsCgroups ? choose() : choose().catch(noPlace))
}

/** The place of jobs that have no cgroup, for the reason that none can be had; any other error is thrown on. */
function noPlace(error: unknown): NoPlace {
  if (error instanceof CorralError && error.code === 'CGROUP_UNAVAILABLE') return { mode: 'none', why: error.message }
  throw error
}

/**
 * Connects to the launcher of a storage root, starting it when there is none, and settles where jobs live when no other
 * runner has.
 * @throws {CorralError} `LAUNCHER_UNAVAILABLE`, `CGROUP_UNAVAILABLE`
 */
export async function openLauncher(
  storage: Storage,
  wish: LauncherWish,
  onEvent: (event: FieldList) => void,
): Promise<LauncherSession> {
  const deadline = performance.now() + patienceMs
  const choose = chooser(storage, wish)
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 200)) {
    const connection = await tryConnect(storage, onEvent)
    const session = connection && (await greet(connection, storage, wish, choose))
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
  wish: LauncherWish,
  choose: Choose,
): Promise<LauncherSession | undefined> {
  try {
    const hello = await connection.request('hello', [['version', 3]])
    if (hello.get('type') !== 'hello') {
      throw new CorralError('LAUNCHER_UNAVAILABLE', `the launcher of ${storage.root}: ${hello.get('message')}`)
    }
    const launcherPid = hello.number('pid')!
    const known = hello.get('place')
    const placeJson = known ?? (await settle(connection, launcherPid, storage, wish, choose))
    const place = JSON.parse(placeJson) as Place | NoPlace
    const session = { connection, launcherPid, place, placeJson, fresh: known === undefined }
    if (wish.needsCgroups) await requireCgroups(session, storage, wish)
    checkParent(session.place, wish.cgroupParent, storage)
    return session
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
  { cgroupParent, needsCgroups }: LauncherWish,
  choose: Choose,
): Promise<string> {
  const choice = await choose()
  const settling = choice.mode === 'none' ? choice : settlePlace(choice, storage.id, launcherPid)
  const settled = await (needsCgroups ? settling : Promise.resolve(settling).catch(noPlace))
  const ids = process.geteuid!() === 0 ? undefined : await ownIds()
  const place: Place | NoPlace = {
    ...settled,
    ...(settled.mode !== 'none' && cgroupParent !== undefined && { parent: cgroupParent }),
    ...(ids?.maps && { ids: ids.maps }),
  }
  const json = JSON.stringify(place)
  await connection.request('place', [
    ['place', json],
    ...('cleanup' in place ? place.cleanup : []).map((directory) => ['rmdir', directory] as const),
    ...(ids?.maps ? [...mapper(ids.programs[0], ids.maps.uid), ...mapper(ids.programs[1], ids.maps.gid)] : []),
  ])
  return json
}

/** What has the launcher run newuidmap(1), or its like, for each init. */
function mapper(program: string, maps: readonly IdMap[]): Field[] {
  const words = maps.flatMap(({ inside, outside, size }) => [inside, outside, size])
  return [['mapper', program], ...words.map((word) => ['mapping', word] as const)]
}

/** Where an earlier runner has found no cgroup to be had: looks again, for a job that is to have one. */
export async function requireCgroups(
  session: LauncherSession,
  storage: Storage,
  where: Pick<LauncherWish, 'cgroupParent' | 'ownScope'>,
): Promise<void> {
  if (session.place.mode !== 'none') return
  const wish = { ...where, needsCgroups: true }
  const { connection, launcherPid } = session
  session.placeJson = await settle(connection, launcherPid, storage, wish, chooser(storage, wish))
  session.place = JSON.parse(session.placeJson) as Place
}

/** All jobs of a storage root live in one place: a runner that wants another one is told. */
function checkParent(place: Place | NoPlace, cgroupParent: string | undefined, storage: Storage): void {
  if (cgroupParent === undefined || place.mode === 'none' || place.parent === cgroupParent) return
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

/** Where there is no cgroup, the launcher stays in this process's. */
const launchedHere = { launchPrefix: [], launchEnvironment: {} }

/** Starts a launcher and waits until it listens; `busy`: another one does, or is about to. */
async function startLauncher(storage: Storage, choice: PlaceChoice | NoPlace): Promise<'ready' | 'busy'> {
  const { launchPrefix, launchEnvironment } = choice.mode === 'none' ? launchedHere : choice
  const words = [...launchPrefix, launcherPath(), storage.root, String(idleMs)]
  const log = await open(logPath(storage), 'a', 0o600).catch((error: unknown) => {
    throw fileError('STORAGE_UNUSABLE', 'open the launcher log', error)
  })
  try {
    const child = spawn(words[0]!, words.slice(1), {
      detached: true,
      cwd: '/',
      // For systemd-run: the launcher itself reads no environment, and jobs are given their own.
      env: { ...pickEnvironment(['PATH', 'DBUS_SESSION_BUS_ADDRESS']), ...launchEnvironment },
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
