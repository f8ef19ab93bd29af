import { refuseUnknown } from '../errors/unknown.ts'
import type { Signal } from '../job/signal.ts'
import { checkBoolean, checkMs, checkSignal } from '../job/values.ts'

/** What `stop` takes. */
export interface StopOptions {
  /** The signal that asks the job to end, when there is a grace. Default: the job's `stopSignal`. */
  signal?: Signal
  /** Milliseconds between that signal and SIGKILL. Default: the job's `stopGraceMs`, which is 0: SIGKILL at once. */
  graceMs?: number
  /** Keep the ended job, its status, its output and what was collected from it, until the next `stop`. Default false. */
  keepOutput?: boolean
}

/** @throws {InvalidOptionError} for the first option that is not accepted. */
export function checkStopOptions(options: StopOptions): void {
  refuseUnknown('stop', options, ['signal', 'graceMs', 'keepOutput'])
  if (options.signal !== undefined) checkSignal('signal', options.signal)
  if (options.graceMs !== undefined) checkMs('graceMs', options.graceMs, 0)
  checkBoolean('keepOutput', options.keepOutput)
}
