import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknownPart } from '../errors/unknown.ts'
import { idsForJobs } from '../ids/own-user.ts'
import { checkNetwork, refusePastaUser } from '../network/index.ts'
import { checkCapabilities } from './capabilities.ts'
import type { IdMap, Isolation, Profile } from './config.ts'
import { checkMounts } from './check-mounts.ts'
import { refuseContradictions } from './contradictions.ts'
import { makeFilter } from './filter.ts'
import type { CheckedIsolation, Fences } from './fences.ts'
import { checkAbsolute, checkSource } from './paths.ts'
import { profileFences } from './profiles.ts'
import { checkRlimits } from './rlimits.ts'

const profiles = ['standard', 'strict', 'none'] as const satisfies readonly Profile[]

const options = [
  'profile',
  'root',
  'keepChanges',
  'mounts',
  'network',
  'hostname',
  'capabilities',
  'seccomp',
  'rlimits',
  'devices',
  'readOnlyPaths',
  'maskedPaths',
  'uidMap',
  'gidMap',
  'noNewPrivileges',
  'landlock',
  'execWritable',
] as const satisfies readonly (keyof Isolation)[]

/**
 * Checks a job's `isolation` and fills in what its profile says. `uid`: whom the job runs as, undefined when it was given
 * no user.
 * @throws {InvalidOptionError}
 */
export async function checkIsolation(given: unknown, uid: number | undefined): Promise<CheckedIsolation> {
  const isolation = (typeof given === 'object' ? given : { profile: given }) as Isolation
  refuseUnknownPart('isolation', isolation, options, acceptedIsolation)
  const profile = checkProfile(given, isolation.profile ?? 'standard')
  const fences = profileFences(profile, (uid ?? process.geteuid!()) === 0)
  const changed: Fences = {
    ...fences,
    ownUser: profile === 'strict' && uid === undefined && isolation.uidMap === undefined ? await idsForJobs() : null,
    root: isolation.root === undefined ? fences.root : await checkRoot(isolation.root, profile),
    mounts: await checkMounts('isolation.mounts', isolation.mounts ?? []),
    devices: await checkDevices(isolation.devices ?? []),
    ...checkSimple(isolation, fences),
  }
  refusePastaUser(changed.network, uid)
  refuseContradictions({ given: isolation, fences: changed, uid })
  const { name, program } = await makeFilter(isolation.seccomp, changed)
  return { fences: { ...changed, seccomp: name }, filter: program }
}

/** The fences that need nothing of the host to be checked. */
function checkSimple(isolation: Isolation, fences: Omit<Fences, 'ownUser'>): Partial<Fences> {
  const { hostname, capabilities, rlimits, network, uidMap, gidMap = uidMap } = isolation
  return {
    ...(hostname !== undefined && { hostname: checkHostname(hostname) }),
    ...(capabilities !== undefined && {
      capabilities: checkCapabilities('isolation.capabilities', capabilities),
      isAmbient: true,
    }),
    ...(rlimits !== undefined && { rlimits: { ...fences.rlimits, ...checkRlimits('isolation.rlimits', rlimits) } }),
    ...(network !== undefined && { network: checkNetwork(network) }),
    ...(uidMap !== undefined && { uidMap: checkIdMap('isolation.uidMap', uidMap) }),
    ...(gidMap !== undefined && { gidMap: checkIdMap('isolation.gidMap', gidMap) }),
    readOnlyPaths: checkPaths('isolation.readOnlyPaths', isolation.readOnlyPaths),
    maskedPaths: checkPaths('isolation.maskedPaths', isolation.maskedPaths),
    ...Object.fromEntries(
      (['keepChanges', 'noNewPrivileges', 'landlock', 'execWritable'] as const).map((option) => [
        option,
        checkSwitch(`isolation.${option}`, isolation[option] ?? fences[option]),
      ]),
    ),
  }
}

const acceptedProfiles = profiles.map((name) => `'${name}'`).join(', ')
const acceptedIsolation = `${acceptedProfiles}, or an object with a profile and single fences`

function checkProfile(given: unknown, profile: unknown): Profile {
  if (profiles.includes(profile as Profile)) return profile as Profile
  if (given === profile) throw new InvalidOptionError('isolation', profile, acceptedIsolation)
  throw new InvalidOptionError('isolation.profile', profile, acceptedProfiles)
}

async function checkRoot(root: unknown, profile: Profile): Promise<Fences['root']> {
  if (root === 'host' || root === 'read-only' || root === 'overlay') return root
  const accepted = "'host', 'read-only', 'overlay', or { directory, access }"
  refuseUnknownPart('isolation.root', root, ['directory', 'access'], accepted)
  const { directory, access = profile === 'strict' ? 'read-only' : 'read-write' } = root as Record<string, unknown>
  if (access !== 'read-write' && access !== 'read-only' && access !== 'overlay') {
    throw new InvalidOptionError('isolation.root.access', access, "'read-write', 'read-only' or 'overlay'")
  }
  const source = await checkSource('isolation.root.directory', directory)
  if (!source.isDirectory) throw new InvalidOptionError('isolation.root.directory', directory, 'a folder')
  return { directory: source.path, access }
}

async function checkDevices(devices: unknown): Promise<string[]> {
  if (!Array.isArray(devices)) throw new InvalidOptionError('isolation.devices', devices, 'an array of device nodes')
  return Promise.all(
    devices.map(async (device: unknown, index) => {
      const option = `isolation.devices[${index}]`
      const source = await checkSource(option, device)
      if (source.isDevice && source.path.startsWith('/dev/')) return source.path
      throw new InvalidOptionError(option, device, 'a device node below /dev')
    }),
  )
}

function checkHostname(hostname: unknown): string {
  if (typeof hostname === 'string' && /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/.test(hostname)) return hostname
  throw new InvalidOptionError('isolation.hostname', hostname, "letters, digits, '-' and '.', at most 64")
}

function checkPaths(option: string, paths: unknown = []): string[] {
  if (!Array.isArray(paths)) throw new InvalidOptionError(option, paths, 'an array of absolute paths')
  return paths.map((path: unknown, index) => checkAbsolute(`${option}[${index}]`, path))
}

function checkSwitch(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new InvalidOptionError(option, value, 'true or false')
}

/** The largest id stands for `none` in the kernel. */
const maxId = 0xfffffffe

function checkIdMap(option: string, map: unknown): IdMap[] {
  const accepted = 'an array of { inside, outside, size }, whole numbers, with a size of at least 1'
  if (!Array.isArray(map) || map.length === 0) throw new InvalidOptionError(option, map, accepted)
  return map.map((range: unknown, index) => {
    refuseUnknownPart(`${option}[${index}]`, range, ['inside', 'outside', 'size'])
    const { inside, outside, size } = range as Record<string, unknown>
    const isRange = (first: unknown): first is number =>
      Number.isSafeInteger(first) && (first as number) >= 0 && (first as number) + (size as number) - 1 <= maxId
    if (Number.isSafeInteger(size) && (size as number) > 0 && isRange(inside) && isRange(outside)) {
      return { inside, outside, size: size as number }
    }
    throw new InvalidOptionError(`${option}[${index}]`, range, accepted)
  })
}
