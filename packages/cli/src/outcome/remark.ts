import type { AnyStatus } from '../jobs/status.ts'
import { formatDuration } from '../text/duration.ts'

/** What is to be said on stderr of how a job ended, in one line; undefined when its exit status says it all. */
export function remarkOn(status: AnyStatus, memoryMax?: number | string, timeoutMs?: number): string | undefined {
  const { name, oomKills } = status
  const limit = memoryMax === undefined ? '' : ` (memory-max ${memoryMax})`
  switch (status.state) {
    case 'oom':
      return `${name} was killed for memory${limit}`
    case 'timed-out':
      return `${name} ran out of time${timeoutMs === undefined ? '' : ` (timeout ${formatDuration(timeoutMs)})`}`
    case 'stopped':
      return `${name} was stopped`
    case 'lost':
      return `${name} is lost: its supervisor was killed, or the host restarted, and nobody saw how it ended`
    case 'failed':
      return `${name} could not be started${status.failure ? `: ${status.failure.message}` : ''}`
    default:
      if (oomKills === 0) return undefined
      return `${name} had ${oomKills === 1 ? 'a process' : `${oomKills} processes`} killed for memory${limit}`
  }
}
