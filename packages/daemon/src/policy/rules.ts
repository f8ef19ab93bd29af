import type { Profile } from '@corral/runner'
import { InvalidOptionError } from '@corral/runner/errors'

import { parseNetwork, type Network } from './addresses.ts'
import type { FreeOption, RulesConfig } from './config.ts'
import { checkBounds, type CheckedBounds } from './bounds.ts'
import { isBelow, plainPath } from './paths.ts'
import { parseRange, parsePortRange, type IdRange, type PortRange } from './ranges.ts'

/** Rules with nothing left to guess. */
export interface Rules extends CheckedBounds {
  profile: Profile
  users: readonly string[]
  groups: readonly string[]
  user: string | undefined
  group: string | undefined
  idMaps: readonly IdRange[]
  mounts: readonly string[]
  /** Those of `mounts` as well. */
  readOnlyMounts: readonly string[]
  rootFolders: readonly string[]
  rootKinds: readonly string[]
  networks: readonly string[]
  ports: readonly PortRange[]
  destinations: readonly { text: string; network: Network }[] | null
  dns: boolean
  devices: readonly string[]
  stdinFiles: readonly string[]
  seccompFiles: readonly string[]
  capabilities: readonly string[]
  rlimits: Readonly<Record<string, number | 'unlimited'>>
  free: readonly FreeOption[]
  noLimits: boolean
  env: Readonly<Record<string, string>>
  labels: Readonly<Record<string, string>>
}

const profiles: readonly unknown[] = ['none', 'standard', 'strict'] satisfies Profile[]

/** Whether a profile's fences are at least those of another. */
export function isAsStrong(profile: Profile, floor: Profile): boolean {
  return profiles.indexOf(profile) >= profiles.indexOf(floor)
}

/**
 * Rules as they are configured, checked and with their defaults. `option`: what they are called in the configuration.
 * @throws {InvalidOptionError}
 */
export function makeRules(option: string, config: RulesConfig): Rules {
  const { roots = [], profile = 'strict' } = config
  if (!profiles.includes(profile)) {
    throw new InvalidOptionError(`${option}.profile`, profile, "'strict', 'standard' or 'none'")
  }
  const paths = (name: PathList): string[] => checkPaths(`${option}.${name}`, config[name] ?? [])
  const mounts = paths('mounts')
  const rules: Rules = {
    ...checkBounds(option, config),
    profile,
    users: config.users ?? [],
    groups: config.groups ?? [],
    user: config.user,
    group: config.group,
    idMaps: (config.idMaps ?? []).map((text, index) => parseRange(`${option}.idMaps[${index}]`, text, 0xfffffffe)),
    mounts,
    readOnlyMounts: [...mounts, ...paths('readOnlyMounts')],
    rootFolders: checkPaths(
      `${option}.roots`,
      roots.filter((root) => !rootKinds.has(root)),
    ),
    rootKinds: roots.filter((root) => rootKinds.has(root)),
    networks: ['none', ...(config.networks ?? [])],
    ports: (config.ports ?? []).map((text, index) => parsePortRange(`${option}.ports[${index}]`, text)),
    destinations: checkDestinations(`${option}.destinations`, config.destinations),
    dns: config.dns ?? config.destinations === undefined,
    devices: paths('devices'),
    stdinFiles: paths('stdinFiles'),
    seccompFiles: paths('seccompFiles'),
    capabilities: config.capabilities ?? [],
    rlimits: config.rlimits ?? {},
    free: config.free ?? [],
    noLimits: config.noLimits ?? false,
    env: config.env ?? {},
    labels: config.labels ?? {},
  }
  if (rules.group !== undefined && rules.user === undefined) {
    throw new InvalidOptionError(`${option}.group`, rules.group, 'a group only together with a user')
  }
  refuseLinkable(option, rules)
  return rules
}

/** Rules laid over others, option by option; of what has names of its own, name by name. */
export function overlaid(below: RulesConfig = {}, above: RulesConfig = {}): RulesConfig {
  const merged = (['limits', 'rlimits', 'env', 'labels'] as const).map((name) => [
    name,
    { ...below[name], ...above[name] },
  ])
  return { ...below, ...above, ...Object.fromEntries(merged) }
}

const rootKinds: ReadonlySet<string> = new Set(['host', 'overlay'])

type PathList = 'mounts' | 'readOnlyMounts' | 'devices' | 'stdinFiles' | 'seccompFiles'

function checkPaths(option: string, paths: readonly string[]): string[] {
  return paths.map((path, index) => {
    const plain = plainPath(path)
    if (plain !== undefined) return plain
    throw new InvalidOptionError(`${option}[${index}]`, path, 'an absolute path')
  })
}

function checkDestinations(option: string, texts: readonly string[] | undefined): Rules['destinations'] {
  if (!texts) return null
  return texts.map((text, index) => {
    const network = parseNetwork(text)
    if (network) return { text, network }
    throw new InvalidOptionError(`${option}[${index}]`, text, "an address, or a network such as '10.0.0.0/8'")
  })
}

/** Files that are opened with the daemon's rights must not be where a job can put links. */
function refuseLinkable(option: string, rules: Rules): void {
  for (const list of ['stdinFiles', 'seccompFiles'] as const) {
    for (const path of rules[list]) {
      const writable = rules.mounts.find((mount) => isBelow(path, [mount]) || isBelow(mount, [path]))
      if (writable === undefined) continue
      const accepted = `no path that jobs can write, as below ${writable}, which is in mounts: links there are followed with the daemon's rights`
      throw new InvalidOptionError(`${option}.${list}`, path, accepted)
    }
  }
}
