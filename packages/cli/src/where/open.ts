import type { RemoteRunner, Runner } from '@corral/client'
import type { RunnerConfig } from '@corral/runner'

import type { LocalOptions, WhereOptions } from './options.ts'
import { type ContextSource, findPlace, type Place, type There } from './place.ts'

/** How a place is opened. */
interface OpenOptions {
  /** Here: what becomes of jobs that this command has started, when it ends. Default `'keep'`. */
  onExit?: NonNullable<RunnerConfig['onExit']>
  /** With a daemon: gives up. */
  signal?: AbortSignal
}

/** Where jobs are, by the line, the environment and the file of contexts. */
export async function choosePlace(options: WhereOptions): Promise<Place> {
  return findPlace(options, process.env, savedContexts)
}

const savedContexts: ContextSource = {
  current: async () => (await (await import('../contexts/file.ts')).readContexts()).current,
  find: async (name) => (await import('../contexts/file.ts')).findSaved(name),
}

/**
 * Opens the place where jobs are for as long as `use` takes. Jobs outlive it, unless they are here and `onExit` says
 * otherwise. `use` is given the daemon, where there is one, a second time, for what only that can do.
 */
export async function withRunner<T>(
  options: WhereOptions,
  use: (runner: Runner, daemon: RemoteRunner | undefined) => Promise<T>,
  how: OpenOptions = {},
): Promise<T> {
  return openPlace(await choosePlace(options), use, how)
}

/** As `withRunner`, for a place that has been chosen. */
export async function openPlace<T>(
  place: Place,
  use: (runner: Runner, daemon: RemoteRunner | undefined) => Promise<T>,
  how: OpenOptions = {},
): Promise<T> {
  return place.at === 'here' ? withLocal(place, how, use) : withDaemon(place, how, (daemon) => use(daemon, daemon))
}

async function withLocal<T>(
  { storageRoot, cgroupParent }: LocalOptions,
  { onExit = 'keep' }: OpenOptions,
  use: (runner: Runner, daemon: undefined) => Promise<T>,
): Promise<T> {
  const { CgroupRunner } = await import('@corral/runner')
  const config = {
    ...(storageRoot !== undefined && { storageRoot }),
    ...(cgroupParent !== undefined && { cgroupParent }),
  }
  await using runner = await CgroupRunner.open({ ...config, onExit })
  return await use(runner, undefined)
}

/** The code for it is loaded only here: a command on jobs of this host starts without. */
async function withDaemon<T>(
  place: There,
  { signal }: OpenOptions,
  use: (daemon: RemoteRunner) => Promise<T>,
): Promise<T> {
  const { connect } = await import('./connect.ts')
  await using daemon = await connect(place, signal)
  return await use(daemon)
}
