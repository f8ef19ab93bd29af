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
  const isOwn = wanted === undefined || wanted === 'default'
  if (wanted === 'none' || (wanted === undefined && seccomp === 'none')) return { name: 'none', program: null }
  // Loaded only now: it takes a millisecond, and most processes start no job.
  const { readSeccomp, seccompProgram } = await import('../seccomp/index.ts')
  const options = { capabilities: capabilityNumbers(capabilities), option }
  if (isOwn) {
    const name = profile === 'strict' ? 'strict' : 'default'
    return { name, program: seccompProgram(name, options) }
  }
  if (typeof wanted === 'string' && wanted.includes('/')) {
    return { name: wanted, program: seccompProgram(await readSeccomp(wanted, option), options) }
  }
  if (typeof wanted !== 'object' || wanted === null) {
    throw new InvalidOptionError(
      option,
      wanted,
      "'default', 'none', the path of a profile (with a slash), or a profile",
    )
  }
  return { name: 'custom', program: seccompProgram(wanted as SeccompProfile, options) }
}
