import type { ManagedStartOptions } from '@corral/api'
import type { RemoteRunner, Runner } from '@corral/client'
import type { JobConfig } from '@corral/runner'

import type { AnyStatus } from '../jobs/status.ts'
import type { WantedPath } from '../options/files.ts'
import { exitStatusOf } from '../outcome/exit-status.ts'
import { copyOut } from '../streams/copy.ts'
import { sayDropped } from '../streams/dropped.ts'
import { StdoutClosedError } from '../streams/stdout.ts'
import { Attachment, type AttachOptions } from './attach.ts'
import { SignalRelay } from './signals.ts'

/** What of a runner it takes to run a job in the foreground. */
type Foreground = Pick<Runner, 'start' | 'output' | 'wait' | 'kill' | 'resize' | 'inspect'>

/** What is done with a job in the foreground, beside showing its output. */
interface ForegroundOptions extends AttachOptions {
  /** What was collected of the job, and where to copy it. */
  collect?: readonly WantedPath[]
}

/**
 * Runs a job: streams its output to stdout, passes signals on to it, copies what was collected to where it is wanted,
 * and gives the exit status for how it ended.
 * The runner, whose `onExit` is `'kill'`, releases the job when it is closed, however this ends; with a daemon it is done
 * here.
 */
export async function runForeground(
  runner: Foreground,
  config: JobConfig & ManagedStartOptions,
  options: ForegroundOptions = {},
  daemon?: RemoteRunner,
): Promise<number> {
  using attachment = new Attachment(options)
  using signals = new SignalRelay((error) => void reportUnlessEnded(error))
  const name = await runner.start({ ...config, ...attachment.config })
  const managed = daemon && (await import('./managed.ts'))
  await using _ = daemon && managed!.holdManaged(daemon, name)
  const ended = runner.wait(name)
  // It is awaited below; until then a failure of the output goes first.
  ended.catch(() => {})
  signals.passTo((signal) => (daemon ? managed!.steerManaged(daemon, name, signal) : runner.kill(name, signal)))
  if (daemon) await managed!.sayQueued(daemon, name)
  attachment.begin((size) => runner.resize(name, size))
  await copyOutput(runner.output(name, { onDropped: sayDropped }))
  const status = await ended
  if (status.state !== 'exited' || status.oomKills > 0) await remark(status, config)
  if (options.collect) await fetchCollected(runner, name, options.collect, daemon)
  return exitStatusOf(status)
}

/** Copies what was collected; what was not is said, and is no failure of the command's. */
async function fetchCollected(
  runner: Foreground,
  name: string,
  wanted: readonly WantedPath[],
  daemon?: RemoteRunner,
): Promise<void> {
  const { copyCollected, describeOmitted } = await import('../collected/copy.ts')
  const job = await runner.inspect(name)
  for (const [index, { path, destination }] of wanted.entries()) {
    const outcome = job.collected[index]
    const text = outcome && describeOmitted(outcome)
    if (text !== undefined) process.stderr.write(`corral: ${text}\n`)
    if (outcome?.omitted?.path !== outcome?.path) await copyCollected(job, path, destination ?? '.', daemon)
  }
}

/** Copies output to stdout until there is no more of it. */
export async function copyOutput(output: ReadableStream<Uint8Array>): Promise<void> {
  try {
    await copyOut(output)
  } catch (error) {
    if (error instanceof StdoutClosedError) throw error
    // Somebody removed the job under our hands (`corral rm -f`): how it ended is still told.
    const { JobNotFoundError } = await import('@corral/runner/errors')
    if (!(error instanceof JobNotFoundError)) throw error
  }
}

async function remark(status: AnyStatus, { memoryMax, timeoutMs }: JobConfig): Promise<void> {
  const { remarkOn } = await import('../outcome/remark.ts')
  const text = remarkOn(status, memoryMax, timeoutMs)
  if (text !== undefined) process.stderr.write(`corral: ${text}\n`)
}

/** Says what kept a signal from its job, unless that has ended. */
export async function reportUnlessEnded(error: unknown): Promise<void> {
  const { JobEndedError, JobNotFoundError } = await import('@corral/runner/errors')
  const { reportError } = await import('../outcome/report.ts')
  if (!(error instanceof JobEndedError || error instanceof JobNotFoundError)) reportError(error)
}
