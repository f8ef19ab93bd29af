import { readFile } from 'node:fs/promises'

import { InvalidOptionError } from '../errors/mistakes.ts'
import type { SeccompProfile } from './profile.ts'

/**
 * Reads a profile from a JSON file; what it says is checked where it is compiled.
 * @throws {InvalidOptionError} when there is no such file, or no JSON in it.
 */
export async function readSeccomp(path: string, option = 'seccomp'): Promise<SeccompProfile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InvalidOptionError(option, path, `the path of a profile in OCI's JSON; reading it: ${error.code}`)
  })
  try {
    return JSON.parse(text, keepLargeNumbers) as SeccompProfile
  } catch (error) {
    const why = (error as SyntaxError).message
    throw new InvalidOptionError(option, path, `the path of a profile in OCI's JSON; this is no JSON: ${why}`)
  }
}

/** Values compared with arguments have 64 bits, of which a number holds 53. */
function keepLargeNumbers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !/^\d+$/.test(context?.source ?? '')) return value
  return BigInt(context!.source!)
}
