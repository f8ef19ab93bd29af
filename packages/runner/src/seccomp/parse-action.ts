import { constants } from 'node:os'

import { InvalidOptionError } from '../errors/mistakes.ts'
import { actions, errnoAction } from './actions.ts'
import { choose } from './fields.ts'
import type { Action } from './filter.ts'

/** Why an action of OCI's cannot be had. */
interface Refused {
  refused: string
}

const knownActions: Readonly<Record<string, Action | Refused>> = {
  SCMP_ACT_ALLOW: actions.ALLOW,
  SCMP_ACT_ERRNO: actions.ERRNO,
  SCMP_ACT_KILL: actions.KILL_THREAD,
  SCMP_ACT_KILL_THREAD: actions.KILL_THREAD,
  SCMP_ACT_KILL_PROCESS: actions.KILL_PROCESS,
  SCMP_ACT_TRAP: actions.TRAP,
  SCMP_ACT_LOG: actions.LOG,
  SCMP_ACT_TRACE: { refused: 'it asks a tracer what to do, and a job has none that would answer' },
  SCMP_ACT_NOTIFY: { refused: 'it asks a supervisor what to do, and a job has none that would answer' },
}

/** The kernel gives no larger errno (MAX_ERRNO, linux/err.h). */
const maxErrno = 4095

/** Fields, each with its name. */
interface ActionFields {
  action: readonly [string, unknown]
  number: readonly [string, unknown]
  name: readonly [string, unknown]
}

/** An action, with its errno given by number, by name or by both. */
export function parseAction(place: string, { action, number, name }: ActionFields): Action {
  const known = choose(`${place}.${action[0]}`, action[1], knownActions)
  if (typeof known !== 'number') {
    const accepted = Object.keys(knownActions).filter((each) => typeof knownActions[each] === 'number')
    throw new InvalidOptionError(
      `${place}.${action[0]}`,
      action[1],
      `${accepted.join(', ')}; not this one: ${known.refused}`,
    )
  }
  if (known !== actions.ERRNO) {
    const idle = [number, name].find(([, value]) => value !== undefined)
    if (idle === undefined) return known
    throw new InvalidOptionError(`${place}.${idle[0]}`, idle[1], 'an errno beside SCMP_ACT_ERRNO alone')
  }
  const byNumber = number[1] === undefined ? undefined : checkErrno(`${place}.${number[0]}`, number[1])
  const byName = name[1] === undefined ? undefined : choose(`${place}.${name[0]}`, name[1], constants.errno)
  if (byNumber !== undefined && byName !== undefined && byNumber !== byName) {
    throw new InvalidOptionError(`${place}.${name[0]}`, name[1], `the name of ${number[0]}, which is ${byNumber}`)
  }
  return errnoAction(byNumber ?? byName ?? constants.errno.EPERM)
}

function checkErrno(place: string, value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= maxErrno) return value as number
  throw new InvalidOptionError(place, value, `a whole number from 0 to ${maxErrno}`)
}
