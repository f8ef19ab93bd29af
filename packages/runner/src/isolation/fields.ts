import type { Layer } from '../store/job-spec.ts'
import { type Field, recordText } from '../store/record.ts'
import { capabilityMask } from './capabilities.ts'
import { cgroupMounts } from './cgroup-mounts.ts'
import type { CheckedIsolation, Fences } from './fences.ts'
import { landlockFields } from './landlock.ts'
import { type MountContext, mountFields } from './mounts.ts'
import { layersOf } from './overlay-mount.ts'
import { resourceNumber } from './rlimits.ts'

/** What puts up a job's fences: lists that the launcher works off, see ARCHITECTURE.md. */
export interface IsolationFields {
  /** Fields that there is one of, and short lists. */
  fields: Field[]
  /** The long lists, encoded: mounts, what Landlock allows, the system call filter. */
  bulk: string
  /** The overlays among the mounts. */
  layers: Layer[]
}

/** The fields of a start frame that put up a job's fences. */
export function isolationFields(isolation: CheckedIsolation, context: MountContext): IsolationFields {
  const { before, after, layers } = sharedParts(isolation, context)
  const isBare = isolation.fences.profile === 'none'
  const cgroups = isBare ? '' : recordText(cgroupMounts(context.cgroups))
  return { fields: singleFields(isolation.fences), bulk: `${before}${cgroups}${after}`, layers }
}

/** What alike jobs share of their long lists, encoded: what is before the mounts of a job's cgroups, and what is after. */
interface SharedParts {
  filter: string | null
  before: string
  after: string
  layers: Layer[]
}

/** By what they are made from. Kept, as making them takes a tenth of a start. */
const known = new Map<string, SharedParts>()
const knownMax = 64

function sharedParts({ fences, filter }: CheckedIsolation, context: MountContext): SharedParts {
  const { cgroups: _, folder, ...rest } = context
  const key = JSON.stringify([fences, rest])
  const found = known.get(key)
  if (found && found.filter === filter) return found
  const [before, after] = mountFields(fences, context)
  after.push(...landlockFields(fences))
  if (filter !== null) after.push(['seccomp', filter])
  const layers = layersOf([...before, ...after])
  const parts = { filter, before: recordText(before), after: recordText(after), layers }
  // What lies in the job's own folder is no other's.
  if (layers.length > 0 || context.resolver?.source.startsWith(folder)) return parts
  if (known.size >= knownMax) known.clear()
  known.set(key, parts)
  return parts
}

function singleFields(fences: Fences): Field[] {
  const { profile, capabilities, isAmbient, noNewPrivileges, hostname, rlimits, ownUser } = fences
  const isBare = profile === 'none'
  const fields: Field[] = namespaces(fences)
  fields.push(['propagation', isBare ? 'slave' : 'private'])
  if (!isBare) fields.push(['keyring', 1])
  if (hostname !== null) fields.push(['hostname', hostname])
  for (const [name, { soft, hard }] of Object.entries(rlimits)) {
    fields.push(['rlimit', name], ['resource', resourceNumber(name)], ['soft', soft], ['hard', hard])
  }
  if (noNewPrivileges) fields.push(['nnp', 1])
  fields.push(['capabilities', String(capabilityMask(capabilities))])
  if (isAmbient) fields.push(['ambient', 1])
  if (ownUser) fields.push(['ownuid', ownUser.first], ['owncount', ownUser.count])
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
