import { InvalidOptionError } from '../errors/mistakes.ts'
import { compileSeccomp } from './compile.ts'
import { runningKernel } from './kernel.ts'
import { parseSeccomp } from './parse.ts'
import type { SeccompProfile } from './profile.ts'
import standard from './profiles/standard.json' with { type: 'json' }
import strict from './profiles/strict.json' with { type: 'json' }
import { type Architecture, machines, ownArchitecture } from './target.ts'

/** `default` is the filter of the profile `standard`, `strict` that of `strict`. */
export type SeccompChoice = 'default' | 'strict' | SeccompProfile

export interface SeccompOptions {
  /** The job's capabilities, by number. */
  capabilities: readonly number[]
  /** What the profile is called in errors. Default `'seccomp'`. */
  option?: string
}

const own = { default: standard, strict } as const satisfies Record<string, SeccompProfile>

/** Programs by what they were made from. Kept: as many as a process may well use by turns. */
const programs = new Map<string, string>()
const programsMax = 64

/**
 * The program for a job on this machine, as the launcher takes it: struct sock_filter[], each 16 hexadecimal digits.
 * @throws {InvalidOptionError} for a profile that is not accepted, or when this machine is none that filters are made for.
 */
export function seccompProgram(choice: SeccompChoice, { capabilities, option = 'seccomp' }: SeccompOptions): string {
  const arch = ownArchitecture()
  if (arch === undefined) throw noFilters(option, choice)
  const profile = typeof choice === 'string' ? own[choice] : choice
  const key = `${capabilities.toSorted((a, b) => a - b).join()} ${typeof choice === 'string' ? choice : print(choice)}`
  const known = programs.get(key)
  if (known !== undefined) return known
  const target = { arch, capabilities, kernel: runningKernel() }
  const program = Buffer.from(compileSeccomp(parseSeccomp(profile, option), target, option)).toString('hex')
  if (programs.size >= programsMax) programs.clear()
  programs.set(key, program)
  return program
}

function print(profile: SeccompProfile): string {
  return JSON.stringify(profile, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}

function noFilters(option: string, choice: SeccompChoice): InvalidOptionError {
  const known: readonly Architecture[] = Object.keys(machines) as Architecture[]
  const accepted = `'none' on this machine: there are filters for ${known.join(' and ')}, not for ${process.arch}`
  return new InvalidOptionError(option, choice, accepted)
}
