import type { JobStatus } from '@corral/runner'

import { formatDuration } from '../text/duration.ts'

/** What is to be said on stderr of how a job ended, in one line; undefined when its exit status says it all. */
export function remarkOn(status: JobStatus, memoryMax?: number | string, timeoutMs?: number): string | undefined {
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
    default:
      if (oomKills === 0) return undefined
      return `${name} had ${oomKills === 1 ? 'a process' : `${oomKills} processes`} killed for memory${limit}`
  }
}
