import { constants } from 'node:os'

import type { Action } from './filter.ts'

/** SECCOMP_RET_* of linux/seccomp.h, the most severe first, as the kernel has it when several filters answer. */
export const actions = {
  KILL_PROCESS: 0x80000000,
  KILL_THREAD: 0,
  TRAP: 0x00030000,
  ERRNO: 0x00050000,
  LOG: 0x7ffc0000,
  ALLOW: 0x7fff0000,
} as const

const severity = Object.values(actions) as readonly number[]

/** The action that gives a system call an errno. */
export function errnoAction(errno: number): Action {
  return actions.ERRNO | errno
}

/** The answer of a kernel that has no such system call; C libraries then do without. */
export const noSuchCall = errnoAction(constants.errno.ENOSYS)

/** Whether the call is made. */
export function isAllowing(action: Action): boolean {
  return action === actions.ALLOW || action === actions.LOG
}

/** Sorts the most severe first. */
export function compareSeverity(a: Action, b: Action): number {
  return severity.indexOf(withoutData(a)) - severity.indexOf(withoutData(b))
}

function withoutData(action: Action): number {
  return (action & 0xffff0000) >>> 0
}
