/**
 * A record: `key=value` fields, each ended by a NUL byte. The payload of a frame and the files that init writes are
 * records. Keys may repeat; order counts.
 */
export type Field = readonly [key: string, value: string | number]

/** Encodes fields as a record. Values must be free of NUL, which `job/` has checked for what comes from a caller. */
export function encodeRecord(fields: readonly Field[]): Buffer {
  return Buffer.from(recordText(fields))
}

/** A record as text, for those who add to it. */
export function recordText(fields: readonly Field[]): string {
  let text = ''
  for (const [key, value] of fields) text += `${key}=${value}\0`
  return text
}

/** A decoded record. */
export class FieldList {
  readonly #fields: readonly (readonly [string, string])[]

  constructor(fields: readonly (readonly [string, string])[]) {
    this.#fields = fields
  }

  /** The first value of a key. */
  get(key: string): string | undefined {
    return this.#fields.find((field) => field[0] === key)?.[1]
  }

  /** The first value of a key as a whole number; undefined when it is missing, or no such number. */
  number(key: string): number | undefined {
    const value = this.get(key)
    return value !== undefined && digits.test(value) ? Number(value) : undefined
  }

  /** The first value of a key as an integer of any size: nanoseconds do not fit a number. */
  bigint(key: string): bigint | undefined {
    const value = this.get(key)
    return value !== undefined && digits.test(value) ? BigInt(value) : undefined
  }

  /** All values of a key, in order. */
  all(key: string): string[] {
    return this.#fields.filter((field) => field[0] === key).map((field) => field[1])
  }

  /** The list cut up: each part begins with a field of this key and goes up to the next. What is before the first is not in it. */
  groups(key: string): FieldList[] {
    const starts = this.#fields.flatMap((field, index) => (field[0] === key ? [index] : []))
    return starts.map((start, index) => new FieldList(this.#fields.slice(start, starts[index + 1])))
  }

  /** The values of the keys that begin with a prefix, by the rest of the key. */
  startingWith(prefix: string): Record<string, string> {
    const found: Record<string, string> = {}
    for (const [key, value] of this.#fields) if (key.startsWith(prefix)) found[key.slice(prefix.length)] = value
    return found
  }
}

const digits = /^-?\d+$/

/** Decodes a record; an unfinished last field, as a crash may leave it, is passed over. */
export function decodeRecord(bytes: Uint8Array): FieldList {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  const fields: [string, string][] = []
  for (let at = 0, end = text.indexOf('\0'); end >= 0; at = end + 1, end = text.indexOf('\0', at)) {
    const equals = text.indexOf('=', at)
    if (equals > at && equals < end) fields.push([text.slice(at, equals), text.slice(equals + 1, end)])
  }
  return new FieldList(fields)
}
