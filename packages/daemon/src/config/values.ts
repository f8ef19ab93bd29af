import { z } from 'zod'

// The message of each issue is what is accepted: `mistakes.ts` puts what was received in front of it.

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const unitBytes = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 } as const

interface Bounds {
  /** As it is written in the file. */
  min?: string
  max?: string
}

/** A span of time such as `'10s'`; gives milliseconds. Default bounds: from 0, to what Node's timers take. */
export function duration({ min = '0s', max = '24d' }: Bounds = {}) {
  const error = `a time such as '10s', in ms, s, m, h or d, from '${min}' to '${max}'`
  return z
    .string({ error })
    .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, { error, abort: true })
    .transform(toMs)
    .refine((ms) => ms >= toMs(min) && ms <= toMs(max), { error })
}

function toMs(text: string): number {
  const [, number, unit] = /^([\d.]+)(\w+)$/.exec(text)!
  return Math.round(Number(number) * unitMs[unit as keyof typeof unitMs])
}

/** A number of bytes such as `'1G'`, in powers of 1024; gives the number. Default bounds: from 0, to 2⁵³−1. */
export function size({ min = '0', max = '8191T' }: Bounds = {}) {
  const error = `a number of bytes, or a size such as '64M', in K, M, G or T, from ${min} to ${max}`
  return z
    .union([z.string().regex(/^\d+[KMGT]?$/, { abort: true }), z.int().nonnegative({ abort: true })], { error })
    .transform((value) => toBytes(String(value)))
    .refine((bytes) => bytes >= toBytes(min) && bytes <= toBytes(max), { error })
}

function toBytes(text: string): number {
  const [, number, unit] = /^(\d+)([KMGT]?)$/.exec(text)!
  return Number(number) * unitBytes[unit as keyof typeof unitBytes]
}

/** A whole number. */
export function whole(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error })
}

/** A number, fractions included. */
export function number(min: number, max: number) {
  const error = `a number from ${min} to ${max}`
  return z.number({ error }).min(min, { error }).max(max, { error })
}

/** True or false. */
export function flag() {
  return z.boolean({ error: 'true or false' })
}

/** One of a few words. */
export function word<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return z.enum(words, { error: `one of ${words.map((each) => `'${each}'`).join(', ')}` })
}

/** An absolute path: where the daemon was started does not matter. */
export function path(what: string) {
  const error = `the absolute path of ${what}`
  return z.string({ error }).regex(/^\/[^\0]*$/, { error, abort: true })
}

/** Text that is not empty. */
export function text(error: string, pattern: RegExp = /^[^\0]+$/) {
  return z.string({ error }).regex(pattern, { error, abort: true })
}

/** A list. */
export function list<Item extends z.ZodType>(item: Item, error: string) {
  return z.array(item, { error })
}

/** A file's mode such as `'0660'`; gives the number. */
export function fileMode() {
  const error = "a file's mode in quotes, in octal, such as '0660'"
  return z
    .string({ error })
    .regex(/^0?[0-7]{3}$/, { error, abort: true })
    .transform((digits) => Number.parseInt(digits, 8))
}

/** Where to listen, such as `'0.0.0.0:7411'` or `'[::1]:7411'`. */
export function address() {
  const error = "an address and a port, such as '127.0.0.1:7411' or '[::1]:7411'"
  return z
    .string({ error })
    .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, { error, abort: true })
    .transform((value) => {
      const at = value.lastIndexOf(':')
      return { host: value.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(value.slice(at + 1)) }
    })
    .refine(({ port }) => port <= 65_535, { error })
}

/** A table with these keys, of which none has to be there unless it has no default. */
export function table<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'a table' : undefined) })
}
