import type { Runner } from '@corral/client'
import type { ExecConfig, Execution } from '@corral/runner'

import { exitStatusOf } from '../outcome/exit-status.ts'
import { sayDropped } from '../streams/dropped.ts'
import { Attachment, type AttachOptions } from './attach.ts'
import { copyOutput, reportUnlessEnded } from './run.ts'
import { SignalRelay } from './signals.ts'

/**
 * Runs a further command in a job: streams its output to stdout, passes signals on to it, and gives the exit status for
 * how it ended. Nothing of it is kept.
 */
export async function execForeground(
  runner: Pick<Runner, 'exec'>,
  name: string,
  config: ExecConfig,
  options: AttachOptions,
): Promise<number> {
  using attachment = new Attachment(options)
  using signals = new SignalRelay((error) => void reportUnlessEnded(error))
  const execution = await runner.exec(name, { ...config, ...attachment.config })
  const ended = execution.wait()
  // It is awaited below; until then a failure of the output goes first.
  ended.catch(() => {})
  signals.passTo((signal) => execution.kill(signal))
  attachment.begin((size) => execution.resize(size))
  try {
    await copyOutput(execution.output({ onDropped: sayDropped }))
    return await exitStatus(ended, name)
  } finally {
    await execution.remove()
  }
}

async function exitStatus(ended: ReturnType<Execution['wait']>, name: string): Promise<number> {
  const status = await ended
  if (status.state === 'job-ended') process.stderr.write(`corral: ${name} has ended, and the command with it\n`)
  if (status.state === 'lost') process.stderr.write('corral: nobody saw how the command ended\n')
  return exitStatusOf(status)
}
