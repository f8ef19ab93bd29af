import type { Notifier } from './notify.ts'

/**
 * Says twice in each of the manager's intervals that the daemon is well, as long as `isWell` resolves: an event loop that
 * hangs says nothing, and neither does a daemon whose launcher does not answer; then the manager starts it anew.
 */
export function startWatchdog({ notify, watchdogMs }: Notifier, isWell: () => Promise<void>): Disposable {
  if (watchdogMs === undefined) return { [Symbol.dispose]: () => {} }
  let asking = false
  const beat = async (): Promise<void> => {
    if (asking) return
    asking = true
    try {
      await isWell()
      await notify('WATCHDOG=1')
    } finally {
      asking = false
    }
  }
  const timer = setInterval(() => void beat().catch(() => {}), watchdogMs / 2)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
