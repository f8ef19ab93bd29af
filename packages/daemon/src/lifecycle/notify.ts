import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { syscallProgram } from '../native/syscall.ts'

/** How long systemd may take to read what it is told. */
const answerMs = 10_000

/** Tells the service manager how the daemon is. */
export interface Notifier {
  /** Lines of sd_notify(3), such as `READY=1`. Never rejects: a daemon goes on whatever its manager hears. */
  notify(...lines: string[]): Promise<void>
  /** How often it wants to hear that the daemon is well, in milliseconds; undefined: never. */
  readonly watchdogMs: number | undefined
}

/** The service manager that the environment names; where there is none, nobody is told. */
export function createNotifier(onFailure: (error: unknown) => void, env: NodeJS.ProcessEnv = process.env): Notifier {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: interval, WATCHDOG_PID: pid = String(process.pid) } = env
  // What the daemon starts is not what the manager waits for.
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
  if (!socket) return { notify: async () => {}, watchdogMs: undefined }
  const program = syscallProgram()
  const watched = interval !== undefined && pid === String(process.pid)
  return {
    notify: async (...lines) => {
      const run = promisify(execFile)(program, ['notify', ...lines], {
        env: { NOTIFY_SOCKET: socket },
        timeout: answerMs,
      })
      await run.catch(onFailure)
    },
    watchdogMs: watched ? Number(interval) / 1000 : undefined,
  }
}
