import type { CgroupRunner, JobConfig, JobStatus } from '@corral/runner'

import { exitStatusOf } from '../outcome/exit-status.ts'
import { copyOut } from '../streams/copy.ts'
import { StdoutClosedError } from '../streams/stdout.ts'
import { SignalRelay } from './signals.ts'

/** What of a runner it takes to run a job in the foreground. */
type Foreground = Pick<CgroupRunner, 'start' | 'output' | 'wait' | 'kill'>

/**
 * Runs a job: streams its output to stdout, passes signals on to it, and gives the exit status for how it ended.
 * The runner, whose `onExit` is `'kill'`, releases the job when it is closed, however this ends.
 */
export async function runForeground(runner: Foreground, config: JobConfig): Promise<number> {
  using signals = new SignalRelay((error) => void reportUnlessEnded(error))
  const name = await runner.start(config)
  const ended = runner.wait(name)
  // It is awaited below; until then a failure of the output goes first.
  ended.catch(() => {})
  signals.passTo((signal) => runner.kill(name, signal))
  await copyOutput(runner, name)
  const status = await ended
  if (status.state !== 'exited' || status.oomKills > 0) await remark(status, config)
  return exitStatusOf(status)
}

/** Copies the job's output to stdout until it has ended. */
async function copyOutput(runner: Foreground, name: string): Promise<void> {
  try {
    await copyOut(runner.output(name))
  } catch (error) {
    if (error instanceof StdoutClosedError) throw error
    // Somebody removed the job under our hands (`corral rm -f`): how it ended is still told.
    const { JobNotFoundError } = await import('@corral/runner')
    if (!(error instanceof JobNotFoundError)) throw error
  }
}

async function remark(status: JobStatus, { memoryMax, timeoutMs }: JobConfig): Promise<void> {
  const { remarkOn } = await import('../outcome/remark.ts')
  const text = remarkOn(status, memoryMax, timeoutMs)
  if (text !== undefined) process.stderr.write(`corral: ${text}\n`)
}

async function reportUnlessEnded(error: unknown): Promise<void> {
  const { JobEndedError, JobNotFoundError } = await import('@corral/runner')
  const { reportError } = await import('../outcome/report.ts')
  if (!(error instanceof JobEndedError || error instanceof JobNotFoundError)) reportError(error)
}
