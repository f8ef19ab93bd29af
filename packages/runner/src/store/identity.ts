import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

import type { ProcessIdentity } from './job-spec.ts'

let boot: string | undefined

/** The id of this boot of the host. */
export function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return boot
}

/** State and start time from a line of /proc/PID/stat; the command's name in it may hold anything. */
function parseStat(stat: string): { state: string; startTime: string } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', startTime: fields[19] ?? '' }
}

let self: ProcessIdentity | undefined

/** Who this process is. */
export function ownIdentity(): ProcessIdentity {
  self ??= {
    boot: bootId(),
    pid: process.pid,
    startTime: parseStat(readFileSync('/proc/self/stat', 'utf8')).startTime,
  }
  return self
}

/** Whether a process still lives: same boot, same start time, and not a zombie. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (identity.boot !== bootId()) return false
  try {
    const { state, startTime } = parseStat(await readFile(`/proc/${identity.pid}/stat`, 'utf8'))
    return startTime === identity.startTime && state !== 'Z' && state !== 'X'
  } catch {
    return false
  }
}
