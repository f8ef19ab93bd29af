import { InvalidOptionError } from '../errors/mistakes.ts'
import type { SeccompProfile } from '../seccomp/index.ts'
import { capabilityNumbers } from './capabilities.ts'
import type { Fences } from './fences.ts'

const option = 'isolation.seccomp'

/** A system call filter: what to call it, and its program. */
interface Filter {
  name: string
  program: string | null
}

/**
 * Makes the filter that a caller wants, or the profile's.
 * @throws {InvalidOptionError} for a profile that cannot be read, or is none.
 */
export async function makeFilter(wanted: unknown, { seccomp, profile, capabilities }: Fences): Promise<Filter> {
  const own = profile === 'strict' ? 'strict' : 'default'
  const name = wanted === undefined ? seccomp : wanted === 'default' ? own : wanted
  if (name === 'none') return { name, program: null }
  // Loaded only now: it takes a millisecond, and most processes start no job.
  const { readSeccomp, seccompProgram } = await import('../seccomp/index.ts')
  const options = { capabilities: capabilityNumbers(capabilities), option }
  if (name === 'default' || name === 'strict') return { name, program: seccompProgram(name, options) }
  if (typeof name === 'string' && name.includes('/')) {
    return { name, program: seccompProgram(await readSeccomp(name, option), options) }
  }
  if (typeof name !== 'object' || name === null) {
    throw new InvalidOptionError(
      option,
      wanted,
      "'default', 'none', the path of a profile (with a slash), or a profile",
    )
  }
  return { name: 'custom', program: seccompProgram(name as SeccompProfile, options) }
}
