import type { Seccomp, SeccompProfile } from '@corral/runner'

import type { Isolation } from '../gen/corral/v1/job_pb.ts'
import { FieldError } from './field-error.ts'
import { givenObject } from './given.ts'

type SeccompField = Isolation['seccomp']

/** Newer than TypeScript's own library (ECMAScript's JSON.parse source text access). */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }

/** A profile goes as JSON; a path is one of the daemon's host. */
export function seccompToProto(seccomp: unknown): SeccompField {
  if (seccomp === undefined) return { case: undefined }
  if (typeof seccomp === 'string') return { case: 'seccompMode', value: seccomp }
  const profile = givenObject('isolation.seccomp', seccomp, "'default', 'none', a path, or a profile")
  return { case: 'seccompJson', value: JSON.stringify(profile, writeLargeNumbers) }
}

export function seccompFromProto(seccomp: SeccompField, at: string): Seccomp | undefined {
  if (seccomp.case === 'seccompMode') return seccomp.value
  return seccomp.case === 'seccompJson' ? parseProfile(seccomp.value, `${at}.seccomp_json`) : undefined
}

/** Longest profile, in characters: the kernel takes filters of 4096 instructions, and a longer text takes long to read. */
const maxProfile = 256 * 1024

function parseProfile(text: string, field: string): SeccompProfile {
  const accepted = "a profile in OCI's JSON"
  if (text.length > maxProfile) {
    throw new FieldError(field, `${text.length} characters`, `${accepted}, of at most ${maxProfile} characters`)
  }
  let profile: unknown
  try {
    profile = JSON.parse(text, keepLargeNumbers)
  } catch (error) {
    throw new FieldError(field, text, `${accepted}; this is no JSON: ${(error as SyntaxError).message}`)
  }
  if (typeof profile !== 'object' || profile === null) throw new FieldError(field, text, accepted)
  return profile as SeccompProfile
}

/** Values compared with arguments have 64 bits, of which a number holds 53. */
function writeLargeNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value
}

function keepLargeNumbers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !/^\d+$/.test(context?.source ?? '')) return value
  return BigInt(context!.source!)
}
