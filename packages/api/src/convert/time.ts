import { create } from '@bufbuild/protobuf'
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt'

import { FieldError } from './field-error.ts'

/** The longest that google.protobuf.Duration can be, about 10,000 years. */
const maxSeconds = 315_576_000_000

const nanosPerMs = 1_000_000
const nanosPerSecond = 1_000_000_000

/** Milliseconds; also parts of one, down to a nanosecond. */
export function durationFromProto(field: string, { seconds, nanos }: Duration): number {
  const isValid = seconds >= 0n && seconds <= BigInt(maxSeconds) && nanos >= 0 && nanos < nanosPerSecond
  if (isValid) return Number(seconds) * 1000 + nanos / nanosPerMs
  throw new FieldError(field, `${seconds} s and ${nanos} ns`, `a duration from 0 s to ${maxSeconds} s`)
}

export function durationToProto(option: string, ms: unknown): Duration {
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= maxSeconds * 1000)) {
    throw new FieldError(option, ms, `milliseconds from 0 to ${maxSeconds * 1000}`)
  }
  const whole = Math.floor(ms / 1000)
  const nanos = Math.round((ms - whole * 1000) * nanosPerMs)
  // A part that rounds up to a whole second.
  const carry = nanos === nanosPerSecond ? 1 : 0
  return create(DurationSchema, { seconds: BigInt(whole + carry), nanos: carry === 1 ? 0 : nanos })
}

/** What google.protobuf.Timestamp can be, the years 1 to 9999; a `Date` holds more. */
const [minTime, maxTime] = [-62_135_596_800n, 253_402_300_799n]

export function dateFromProto(field: string, timestamp: Timestamp | undefined): Date {
  if (!timestamp) throw new FieldError(field, timestamp, 'a time')
  const { seconds, nanos } = timestamp
  const isValid = seconds >= minTime && seconds <= maxTime && nanos >= 0 && nanos < nanosPerSecond
  if (isValid) return new Date(Number(seconds) * 1000 + Math.floor(nanos / nanosPerMs))
  throw new FieldError(field, `${seconds} s and ${nanos} ns`, 'a time in the years 1 to 9999')
}

export function dateToProto(date: Date): Timestamp {
  const ms = date.getTime()
  const seconds = Math.floor(ms / 1000)
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * nanosPerMs })
}

/** Null: it is not set. */
export function dateOrNullFromProto(field: string, timestamp: Timestamp | undefined): Date | null {
  return timestamp ? dateFromProto(field, timestamp) : null
}

export function dateOrNullToProto(date: Date | null): Timestamp | undefined {
  return date ? dateToProto(date) : undefined
}
