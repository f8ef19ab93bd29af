import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknownPart } from '../errors/unknown.ts'
import { parseFiniteBytes } from '../job/limits-memory.ts'
import type { CheckedMount } from './fences.ts'
import { checkAbsolute, checkSource } from './paths.ts'

const flagNames = ['nosuid', 'nodev', 'noexec'] as const

/** The options of each type of mount, beside its flags. */
const types: Readonly<Record<CheckedMount['type'], readonly string[]>> = {
  bind: ['type', 'source', 'target'],
  'bind-ro': ['type', 'source', 'target'],
  overlay: ['type', 'source', 'target'],
  tmpfs: ['type', 'target', 'size', 'mode'],
}

/** The size of a tmpfs that was given none, in bytes. */
const defaultTmpfsBytes = 64 * 1024 * 1024

/** Checks the mounts of a job. */
export async function checkMounts(option: string, mounts: unknown): Promise<CheckedMount[]> {
  if (!Array.isArray(mounts)) throw new InvalidOptionError(option, mounts, 'an array of mounts')
  return Promise.all(mounts.map(async (mount: unknown, index) => checkMount(`${option}[${index}]`, mount)))
}

async function checkMount(option: string, mount: unknown): Promise<CheckedMount> {
  if (typeof mount !== 'object' || mount === null) throw new InvalidOptionError(option, mount, 'a mount: { type, … }')
  const given = mount as Record<string, unknown>
  const type = given['type'] as CheckedMount['type']
  if (typeof type !== 'string' || !Object.hasOwn(types, type)) {
    throw new InvalidOptionError(`${option}.type`, type, Object.keys(types).join(', '))
  }
  refuseUnknownPart(option, mount, [...types[type], ...flagNames])
  const flags = checkFlags(option, given)
  if (type === 'tmpfs') {
    const target = checkTarget(`${option}.target`, given['target'])
    const size = checkTmpfsBytes(`${option}.size`, given['size'] ?? defaultTmpfsBytes)
    return { type, target, size, mode: checkMode(`${option}.mode`, given['mode'] ?? 0o1777), flags }
  }
  const source = await checkSource(`${option}.source`, given['source'])
  if (type === 'overlay' && !source.isDirectory)
    throw new InvalidOptionError(`${option}.source`, source.path, 'a folder')
  return { type, source: source.path, target: checkTarget(`${option}.target`, given['target'] ?? source.path), flags }
}

function checkTarget(option: string, target: unknown): string {
  const path = checkAbsolute(option, target)
  if (path !== '/') return path
  throw new InvalidOptionError(option, target, 'a path below /: the root itself is `isolation.root`')
}

/** Bytes of a tmpfs, which must have an end. */
export function checkTmpfsBytes(option: string, size: unknown): number {
  if (size !== 'max') return parseFiniteBytes(option, size, 4096)
  throw new InvalidOptionError(option, size, "a size such as '64M': without one it could fill the host's memory")
}

function checkMode(option: string, mode: unknown): number {
  if (typeof mode === 'number' && Number.isInteger(mode) && mode >= 0 && mode <= 0o1777) return mode
  throw new InvalidOptionError(option, mode, 'permissions from 0 to 0o1777')
}

function checkFlags(option: string, given: Record<string, unknown>): CheckedMount['flags'] {
  return flagNames.filter((flag) => {
    const value = given[flag] ?? flag !== 'noexec'
    if (typeof value === 'boolean') return value
    throw new InvalidOptionError(`${option}.${flag}`, value, 'true or false')
  })
}
