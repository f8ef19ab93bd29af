import type { RemoteRunner } from '@corral/client'
import { JobNotFoundError } from '@corral/runner/errors'

import { describeState } from '../text/state.ts'

/**
 * Passes a signal on to a daemon's job. One that would be started again, or that does not run now, is ended for good by
 * it: to go on is not what is meant by it.
 */
export async function steerManaged(daemon: RemoteRunner, name: string, signal: NodeJS.Signals): Promise<void> {
  const { state, restart } = await daemon.status(name)
  if (state === 'active' && restart.mode === 'never') return daemon.kill(name, signal)
  await daemon.stop(name, { keepOutput: true, ...(signal === 'SIGKILL' ? { graceMs: 0 } : { signal }) })
}

/** Says of a job that has not begun that it waits. */
export async function sayQueued(daemon: RemoteRunner, name: string): Promise<void> {
  try {
    const status = await daemon.status(name)
    if (status.state === 'queued') process.stderr.write(`corral: ${name} is ${describeState(status)}\n`)
  } catch {
    // It has ended already, and is gone; or the daemon is, which is said by whoever needs it.
  }
}

/** Has a job go once it is disposed of: a job in the foreground does not outlive its command, where that can help it. */
export function holdManaged(daemon: RemoteRunner, name: string): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      try {
        await daemon.stop(name, { graceMs: 0 })
      } catch (error) {
        if (error instanceof JobNotFoundError) return
        process.stderr.write(`corral: ${name} is left on the daemon: 'corral rm -f ${name}' removes it\n`)
        throw error
      }
    },
  }
}
