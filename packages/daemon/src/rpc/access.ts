import type { JobService } from '@corral/api'

import { DaemonError } from '../errors.ts'
import type { Grant, Role } from '../policy/contract.ts'

export type MethodName = keyof (typeof JobService)['method']

/** What there is to know of a method before it is called. */
export interface Access {
  /** The least role that it takes. */
  role: Role
  /** It changes something: it is written to the audit log. */
  mutates?: true
  /** It may take as long as a job runs: it counts as a stream, and ends with the daemon. */
  waits?: true
}

/** A method that is not here does not compile. */
export const access: Readonly<Record<MethodName, Access>> = {
  start: { role: 'operator', mutates: true },
  get: { role: 'viewer' },
  list: { role: 'viewer' },
  stop: { role: 'operator', mutates: true, waits: true },
  kill: { role: 'operator', mutates: true },
  wait: { role: 'viewer', waits: true },
  output: { role: 'viewer', waits: true },
  writeInput: { role: 'operator', mutates: true, waits: true },
  resize: { role: 'operator', mutates: true },
  watch: { role: 'viewer', waits: true },
  stats: { role: 'viewer', waits: true },
  update: { role: 'operator', mutates: true },
  freeze: { role: 'operator', mutates: true },
  thaw: { role: 'operator', mutates: true },
  exec: { role: 'operator', mutates: true },
  remove: { role: 'operator', mutates: true, waits: true },
  changes: { role: 'viewer', waits: true },
  collected: { role: 'viewer', waits: true },
  info: { role: 'viewer' },
}

const ranks: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }

/** @throws {DaemonError} `ROLE_REQUIRED` */
export function requireRole({ identity, role }: Grant, required: Role, method: string): void {
  if (ranks[role] >= ranks[required]) return
  const message = `${method} takes the role ${required}, and ${identity} is ${role}`
  throw new DaemonError('ROLE_REQUIRED', message, { role, required })
}
