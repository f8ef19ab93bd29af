import { FieldError } from './field-error.ts'

const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)

/** A number of 64 bits; beyond 2^53 it would no longer be the one that was sent. */
export function numberFromProto(field: string, value: bigint): number {
  if (value >= 0n && value <= maxSafe) return Number(value)
  throw new FieldError(field, value, `a whole number from 0 to ${maxSafe}`)
}

export function numberToProto(option: string, value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  throw new FieldError(option, value, `a whole number from 0 to ${maxSafe}`)
}

/** Digits as the number that they are; other text as it is, for whoever knows what it may be. */
export function digitsFromProto(text: string): number | string {
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text
}
