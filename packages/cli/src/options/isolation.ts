import type { IdMap, Isolation, Mount, Rlimit, Root } from '@corral/runner'
import { type Command, InvalidArgumentError, Option } from 'commander'

import { MountOption, parseMount, parseTmpfs, parseVolume } from './mounts.ts'
import { givenNetwork, type NetworkOptions } from './network.ts'
import { repeated } from './parsers.ts'

/** The fences among the options of a command, as the parser calls them. */
export interface IsolationOptions extends NetworkOptions {
  isolation?: NonNullable<Isolation['profile']>
  root?: Root
  keepChanges?: true
  mounts?: readonly Mount[]
  hostname?: string
  capability?: readonly string[]
  seccomp?: string
  rlimit?: Readonly<Record<string, Rlimit>>
  device?: readonly string[]
  readOnlyPath?: readonly string[]
  maskedPath?: readonly string[]
  uidMap?: readonly IdMap[]
  gidMap?: readonly IdMap[]
  newPrivileges?: boolean
  landlock?: boolean
  execWritable?: boolean
}

/** Adds the fences. */
export function addIsolation(command: Command): Command {
  return command
    .optionsGroup('Isolation:')
    .addOption(
      new Option(
        '--isolation <profile>',
        'how it is fenced off from the host (default: standard); the options below change single fences of that',
      ).choices(['standard', 'strict', 'none']),
    )
    .option(
      '--root <root>',
      "its /: 'host', 'read-only', 'overlay' (what it writes goes with it), or DIR[:ro|:overlay]",
      root,
    )
    .option('--keep-changes', 'with an overlay: keep what it wrote until the job is removed')
    .addOption(
      new MountOption(
        '-v, --volume <src[:dst][:ro]>',
        'show it a file or folder of the host, at the same place or at DST; repeatable',
        parseVolume,
      ),
    )
    .addOption(new MountOption('--tmpfs <dir[:size]>', 'a folder in memory (default: 64M); repeatable', parseTmpfs))
    .addOption(
      new MountOption(
        '--mount <spec>',
        "'type=TYPE,source=SRC,target=DST'; TYPE is bind, bind-ro, tmpfs or overlay; also size=, mode=, noexec; repeatable",
        parseMount,
      ),
    )
    .option('--hostname <name>', "its host name (default: the host's)")
    .option(
      '--capability <name>',
      "a capability to have, such as NET_RAW, and no other, or 'none'; repeatable",
      capability,
    )
    .option('--seccomp <filter>', "system calls it may make: 'default', 'none', or a profile's file in OCI's JSON")
    .option(
      '--rlimit <name=soft[:hard]>',
      'a limit of each process, such as nofile=1024:4096 or core=0; repeatable',
      rlimit,
    )
    .option('--device <path>', 'a device node it has too, such as /dev/kvm; repeatable', repeated)
    .option('--read-only-path <path>', 'make it read-only with all below it; repeatable', repeated)
    .option('--masked-path <path>', 'hide it behind an empty file or folder; repeatable', repeated)
    .option('--uid-map <in:out:size>', 'a user namespace with these user ids; repeatable', idMap)
    .option('--gid-map <in:out:size>', 'and these group ids (default: as --uid-map); repeatable', idMap)
    .option(
      '--new-privileges <yes|no>',
      'whether set-user-ID programs and file capabilities work (default: no)',
      yesOrNo,
    )
    .option(
      '--exec-writable <yes|no>',
      'whether it may execute what it can write (default: yes; in strict no)',
      yesOrNo,
    )
    .option('--landlock <yes|no>', 'whether Landlock guards its files too (default: no; in strict yes)', yesOrNo)
}

/** The fences among the options that were given; undefined: none, and the profile is the library's default. */
export function givenIsolation(options: IsolationOptions): Isolation | undefined {
  const isolation = {
    profile: options.isolation,
    root: options.root,
    keepChanges: options.keepChanges,
    mounts: options.mounts,
    network: givenNetwork(options),
    hostname: options.hostname,
    capabilities: options.capability,
    seccomp: options.seccomp,
    rlimits: options.rlimit,
    devices: options.device,
    readOnlyPaths: options.readOnlyPath,
    maskedPaths: options.maskedPath,
    uidMap: options.uidMap,
    gidMap: options.gidMap,
    noNewPrivileges: options.newPrivileges === undefined ? undefined : !options.newPrivileges,
    landlock: options.landlock,
    execWritable: options.execWritable,
  }
  const given = Object.entries(isolation).filter(([, value]) => value !== undefined)
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

const accesses = { ro: 'read-only', overlay: 'overlay' } as const

/** What is to be the job's root: a word, or a folder, which has a slash or is `.`. */
function root(text: string): Root {
  if (text === 'host' || text === 'read-only' || text === 'overlay') return text
  const [, path = '', access] = /^(.*?)(?::(ro|overlay))?$/s.exec(text)!
  if (!path.includes('/') && path !== '.') {
    throw new InvalidArgumentError(
      "Accepted: host, read-only, overlay, or a folder with a slash in it, such as './root'.",
    )
  }
  return access === undefined
    ? { directory: path }
    : { directory: path, access: accesses[access as keyof typeof accesses] }
}

/** Gathers capabilities: `NET_RAW` or `CAP_NET_RAW`, in any case. */
function capability(text: string, earlier: readonly string[] = []): readonly string[] {
  if (text === 'none') return []
  const name = text.toUpperCase()
  return [...earlier, name.startsWith('CAP_') ? name : `CAP_${name}`]
}

/** Gathers `NAME=SOFT[:HARD]`. */
function rlimit(text: string, earlier: Readonly<Record<string, Rlimit>> = {}): Readonly<Record<string, Rlimit>> {
  const [, name, soft, hard = soft] = /^([a-z]+)=(\d{1,15}|unlimited)(?::(\d{1,15}|unlimited))?$/i.exec(text) ?? []
  if (name === undefined) {
    throw new InvalidArgumentError("Accepted: NAME=SOFT or NAME=SOFT:HARD, whole numbers or 'unlimited'.")
  }
  return { ...earlier, [name.toLowerCase().replace(/^rlimit_/, '')]: { soft: half(soft!), hard: half(hard!) } }
}

function half(text: string): number | 'unlimited' {
  return text === 'unlimited' ? text : Number(text)
}

/** Gathers `INSIDE:OUTSIDE:SIZE`. */
function idMap(text: string, earlier: readonly IdMap[] = []): readonly IdMap[] {
  const [, inside, outside, size] = /^(\d{1,10}):(\d{1,10}):(\d{1,10})$/.exec(text) ?? []
  if (inside === undefined) throw new InvalidArgumentError('Accepted: INSIDE:OUTSIDE:SIZE, whole numbers.')
  return [...earlier, { inside: Number(inside), outside: Number(outside), size: Number(size) }]
}

function yesOrNo(text: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes'
  throw new InvalidArgumentError('Accepted: yes or no.')
}
