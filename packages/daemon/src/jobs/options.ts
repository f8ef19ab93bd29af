import { InvalidOptionError, type RunnerConfig } from '@corral/runner'

import type { JournalOptions } from './journal/journal.ts'
import type { JobLog } from './log.ts'
import { boundOf } from './quota/demand.ts'
import type { RetentionOptions } from './retention/retention.ts'
import type { ActiveBounds } from './slots.ts'

/** What `JobManager.open` takes. */
export interface JobManagerOptions extends ActiveBounds, Omit<RunnerConfig, 'onExit' | 'storageRoot'> {
  /** The folder of the jobs, which belongs to one daemon alone. */
  storageRoot: string
  /** Most jobs that wait for their turn. Default 10,000. */
  maxQueued?: number
  /** Most jobs of one owner that do, so that nobody keeps all others from waiting. Default 1,000. */
  maxQueuedPerOwner?: number
  /** Bytes of output that are kept of a job that asks for nothing else, and the most that one can ask for. Default `'1G'`. */
  outputMax?: number | string
  /** Bytes that have to be free on the disk when a job is started. Default 64 MiB. */
  minFreeBytes?: number
  /** How long jobs that have ended are kept. */
  retention?: RetentionOptions
  /** How much is kept of what has happened, for those who resume watching. */
  journal?: JournalOptions
  /** Is told how many milliseconds the library has taken to start a command. */
  onStarted?: (ms: number) => void
  log?: JobLog
}

export const defaultMaxQueued = 10_000

export const defaultMaxQueuedPerOwner = 1_000

export const defaultOutputMax = '1G'

/** Longest beginning of made up names: the attempts of a job that is started again have numbers behind a UUID. */
const mostPrefix = 82

/** @throws {InvalidOptionError} for what is checked neither by the library nor by whoever reads the configuration. */
export function checkJobManagerOptions({ outputMax = defaultOutputMax, jobNamePrefix = '' }: JobManagerOptions): void {
  boundOf('outputMax', outputMax)
  if (jobNamePrefix.length <= mostPrefix) return
  throw new InvalidOptionError('jobNamePrefix', jobNamePrefix, `at most ${mostPrefix} characters`)
}
