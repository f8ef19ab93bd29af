import { InvalidOptionError } from '../errors/mistakes.ts'
import type { Isolation } from './config.ts'
import type { CheckedMount, Fences } from './fences.ts'
import { isWithin } from './paths.ts'

/** What the rules go by. `uid`: whom the job runs as, undefined when it was given no user. */
interface Wish {
  given: Isolation
  fences: Fences
  uid: number | undefined
}

/** What could not be kept, and what is accepted instead; undefined: nothing. */
type Rule = (wish: Wish) => readonly [option: string, received: unknown, accepted: string] | undefined

/**
 * Refuses fences that cannot be had together: an option that is accepted and then ignored is worse than none.
 * @throws {InvalidOptionError} for the first of them.
 */
export function refuseContradictions(wish: Wish): void {
  for (const rule of rules) {
    const refused = rule(wish)
    if (refused) throw new InvalidOptionError(...refused)
  }
}

const rules: readonly Rule[] = [
  ({ fences: { profile, hostname } }) =>
    profile === 'none' && hostname !== null
      ? ['isolation.hostname', hostname, "nothing in the profile 'none': the host name is the host's"]
      : undefined,

  ({ fences: { profile, devices } }) =>
    profile === 'none' && devices.length > 0
      ? ['isolation.devices', devices, "nothing in the profile 'none', whose /dev is the host's"]
      : undefined,

  ({ fences: { root } }) =>
    root === 'overlay' && process.geteuid!() !== 0
      ? [
          'isolation.root',
          root,
          "without root, 'host', 'read-only' or { directory }: the kernel lays no overlay of an ordinary user's over a tree that others have mounted on; a mount of type 'overlay' lies on a folder without mounts",
        ]
      : undefined,

  ({ fences: { keepChanges, root, mounts } }) =>
    keepChanges && accessOf(root) !== 'overlay' && !mounts.some(({ type }) => type === 'overlay')
      ? ['isolation.keepChanges', true, "false, as there is no overlay: set root: 'overlay', or a mount of that type"]
      : undefined,

  ({ given, fences: { root } }) =>
    given.execWritable === false && accessOf(root) !== 'read-only'
      ? [
          'isolation.execWritable',
          false,
          'false only with a root that is read-only: what the job writes to another, it can execute',
        ]
      : undefined,

  ({ fences, uid }) =>
    fences.landlock && !fences.noNewPrivileges && !canRestrictItself(fences, uid)
      ? [
          'isolation.landlock',
          true,
          'false where noNewPrivileges is false: the kernel gives Landlock without it only to a job with CAP_SYS_ADMIN',
        ]
      : undefined,

  ({ fences }) => {
    const index = fences.mounts.findIndex(({ target }) => ownPlaces(fences).includes(target))
    return index < 0
      ? undefined
      : [
          `isolation.mounts[${index}].target`,
          fences.mounts[index]!.target,
          `another place than ${ownPlaces(fences).join(', ')}, where the job has its own`,
        ]
  },
]

/** What of the storage root other jobs may be shown: the copies of what was collected, and what an overlay holds. */
const shareable = /^jobs\/[^/]+\/(?:collected|changes\/[^/]+\/upper)(?:\/|$)/

/**
 * Keeps our own files from being shown to a job. What is above them is mounted without them.
 * @throws {InvalidOptionError}
 */
export function refuseStorageRoot({ root, mounts }: Fences, storageRoot: string): void {
  const sources = [
    ...mounts.map(({ source }, index) => [`isolation.mounts[${index}].source`, source] as const),
    ['isolation.root.directory', typeof root === 'object' ? root.directory : undefined] as const,
  ]
  for (const [option, source] of sources) {
    if (source === undefined || !isWithin(source, storageRoot)) continue
    if (shareable.test(source.slice(storageRoot.length + 1))) continue
    throw new InvalidOptionError(option, source, 'a path outside of the storage root, which no job is shown')
  }
}

/** Folders that no mount of a caller's can take the place of: fences hang on what is in them. */
function ownPlaces({ profile }: Fences): readonly CheckedMount['target'][] {
  return profile === 'none' ? ['/proc'] : ['/proc', '/dev', '/dev/pts']
}

function accessOf(root: Fences['root']): 'host' | 'read-only' | 'overlay' | 'read-write' {
  return typeof root === 'object' ? root.access : root
}

/** A filter or Landlock without no_new_privs takes CAP_SYS_ADMIN (landlock_restrict_self(2)). */
function canRestrictItself({ capabilities, isAmbient }: Fences, uid = process.geteuid!()): boolean {
  return capabilities.includes('CAP_SYS_ADMIN') && (uid === 0 || isAmbient)
}
