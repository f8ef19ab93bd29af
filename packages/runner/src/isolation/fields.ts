import type { Field } from '../store/record.ts'
import { capabilityMask } from './capabilities.ts'
import type { CheckedIsolation, Fences } from './fences.ts'
import { landlockFields } from './landlock.ts'
import { type MountContext, mountFields } from './mounts.ts'
import { resourceNumber } from './rlimits.ts'

/** The fields of a start frame that put up a job's fences: lists that the launcher works off, see ARCHITECTURE.md. */
export function isolationFields({ fences, filter }: CheckedIsolation, context: MountContext): Field[] {
  const { profile, capabilities, isAmbient, noNewPrivileges, hostname, rlimits, ownUser } = fences
  const isBare = profile === 'none'
  const fields: Field[] = namespaces(fences)
  fields.push(['propagation', isBare ? 'slave' : 'private'], ...mountFields(fences, context))
  if (!isBare) fields.push(['keyring', 1])
  if (hostname !== null) fields.push(['hostname', hostname])
  for (const [name, { soft, hard }] of Object.entries(rlimits)) {
    fields.push(['rlimit', resourceNumber(name)], ['soft', soft], ['hard', hard])
  }
  if (noNewPrivileges) fields.push(['nnp', 1])
  fields.push(['capabilities', String(capabilityMask(capabilities))])
  if (isAmbient) fields.push(['ambient', 1])
  if (ownUser) fields.push(['ownuid', ownUser.first], ['owncount', ownUser.count])
  fields.push(...landlockFields(fences))
  if (filter !== null) fields.push(['seccomp', filter])
  return fields
}

/** Those that init is in, and those that only the command enters. Whoever is not root needs a user namespace for them. */
function namespaces({ profile, network }: Fences): Field[] {
  const isBare = profile === 'none'
  const names = [
    ...(process.geteuid!() === 0 ? [] : ['user']),
    ...['pid', 'mount'],
    ...(network === 'none' ? ['network'] : []),
    ...(isBare ? [] : ['ipc', 'uts']),
  ]
  const entered = isBare ? [] : ['cgroup', 'time']
  return [...names.map((name): Field => ['namespace', name]), ...entered.map((name): Field => ['unshare', name])]
}
