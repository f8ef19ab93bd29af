import type { JobConfig } from '@corral/runner'

type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain }

/** What JSON has no word for is an object of this one key. */
const tag = '$corral'

/** A configuration as JSON, bytes and `undefined` among it; a stream as standard input is left out. */
export function encodeConfig(config: JobConfig): string {
  const { stdin, ...rest } = config
  return JSON.stringify(encode(isStream(stdin) ? rest : config))
}

export function decodeConfig(text: string): JobConfig {
  return decode(JSON.parse(text) as Plain) as JobConfig
}

function isStream(stdin: unknown): boolean {
  return typeof stdin === 'object' && stdin !== null && Symbol.asyncIterator in stdin
}

function encode(value: unknown): Plain {
  if (value === undefined) return { [tag]: 'undefined' }
  if (value instanceof Uint8Array) return { [tag]: Buffer.from(value).toString('base64'), bytes: true }
  if (Array.isArray(value)) return value.map(encode)
  if (typeof value !== 'object' || value === null) return value as Plain
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [isLikeTag(key) ? `$${key}` : key, encode(each)]),
  )
}

function decode(value: Plain): unknown {
  if (Array.isArray(value)) return value.map(decode)
  if (typeof value !== 'object' || value === null) return value
  const tagged = value[tag]
  if (typeof tagged === 'string') return value['bytes'] === true ? Buffer.from(tagged, 'base64') : undefined
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [isLikeTag(key) ? key.slice(1) : key, decode(each)]),
  )
}

/** A caller's own key that would be taken for the tag has one more `$` in the file. */
function isLikeTag(key: string): boolean {
  return /^\$+corral$/.test(key)
}
