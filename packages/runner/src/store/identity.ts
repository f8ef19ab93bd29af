import { readFileSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

import { CorralError } from '../errors/corral-error.ts'
import { errnoOf, fileError } from '../errors/errno.ts'
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
    pidNamespace: readlinkSync('/proc/self/ns/pid'),
    pid: process.pid,
    startTime: parseStat(readFileSync('/proc/self/stat', 'utf8')).startTime,
  }
  return self
}

/**
 * Whether a process still lives: same boot, same start time, and not a zombie.
 * @throws {CorralError} `CONTROL_FAILED` when it cannot be seen: that is no sign of its death.
 */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (identity.boot !== bootId()) return false
  if (identity.pidNamespace !== ownIdentity().pidNamespace) {
    const message =
      `could not tell whether process ${identity.pid} lives: it is of another PID namespace (a container's, or those ` +
      'of a job and of the host): ask from where it was started'
    throw new CorralError('CONTROL_FAILED', message)
  }
  const path = `/proc/${identity.pid}/stat`
  try {
    const { state, startTime } = parseStat(await readFile(path, 'utf8'))
    return startTime === identity.startTime && state !== 'Z' && state !== 'X'
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'ENOENT' && errno !== 'ESRCH') throw fileError('CONTROL_FAILED', `read ${path}`, error)
    if (!isHidden(identity.pid)) return false
    const message = `could not tell whether process ${identity.pid} lives: /proc hides it (mounted with hidepid, see proc(5))`
    throw new CorralError('CONTROL_FAILED', message, { path, errno })
  }
}

/** Whether a process that /proc does not show is there all the same. */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}
