import type { InvalidOptionError } from '@corral/runner/errors'
import type { z } from 'zod'

import { suggestKey } from './suggest.ts'
import { type KeyPath, lineOf } from './locate.ts'

/** One thing that is wrong with a configuration. */
export interface Mistake {
  /** From 1; 0: there is no text. */
  line: number
  /** As it would be written: `tls.certificate`, `identity[0].role`; empty: the text itself. */
  key: string
  /** What is wrong, what was received and what is accepted. */
  message: string
}

/** A configuration that is not accepted: all that is wrong with it. */
export class ConfigError extends TypeError {
  override readonly name = 'ConfigError'
  readonly file: string
  readonly mistakes: readonly Mistake[]

  constructor(file: string, mistakes: readonly Mistake[], options?: ErrorOptions) {
    const lines = mistakes.map(({ line, key, message }) => {
      const where = line === 0 ? file : `${file}:${line}`
      return `${where}: ${key === '' ? '' : `${key}: `}${message}`
    })
    super(lines.join('\n'), options)
    this.file = file
    this.mistakes = mistakes
  }
}

/** What a configuration's text, and what it was parsed to, have to say of an issue. */
export interface Source {
  text: string
  value: unknown
  /** The keys that a table has; for suggestions. */
  keysAt: (path: KeyPath) => readonly string[]
}

/** Says in our words what the schema does not accept; in the order of the lines. */
export function explainIssues(issues: readonly z.core.$ZodIssue[], source: Source): Mistake[] {
  return issues
    .flatMap((issue) => explain(issue, source))
    .toSorted((one, other) => one.line - other.line || one.key.localeCompare(other.key))
}

function explain(issue: z.core.$ZodIssue, source: Source): Mistake[] {
  const path = issue.path as KeyPath
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], source))
  const received = lookUp(source.value, path)
  const what = received === undefined ? 'is missing' : `received ${show(received)}`
  return [{ line: lineOf(source.text, path), key: writeKey(path), message: `${what}; accepted: ${issue.message}` }]
}

function unknownKey(path: KeyPath, { text, keysAt }: Source): Mistake {
  const keys = keysAt(path.slice(0, -1))
  const meant = suggestKey(String(path.at(-1)), keys)
  const message =
    meant === undefined
      ? `there is no such key; accepted: ${keys.join(', ')}`
      : `there is no such key; did you mean ${meant}?`
  return { line: lineOf(text, path), key: writeKey(path), message }
}

/** Keys of the file, where a room's option is called otherwise. */
const keyOf: Readonly<Record<string, string>> = {
  identities: 'identity',
  timeoutMs: 'timeout',
  stopGraceMs: 'stopGrace',
  maxMemoryBytes: 'maxMemory',
  maxOutputBytes: 'maxOutput',
}

/** Says of a mistake that a room has found where in the file it is: `identities[1].rules.timeoutMs.max`. */
export function explainOption(
  { option, received, accepted }: InvalidOptionError,
  { text, value }: Pick<Source, 'text' | 'value'>,
): Mistake {
  const path = option
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : (keyOf[part] ?? part)))
  return {
    line: lineOf(text, path),
    key: writeKey(path),
    message: `received ${show(lookUp(value, path) ?? received)}; accepted: ${accepted}`,
  }
}

function lookUp(value: unknown, path: KeyPath): unknown {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Record<string | number, unknown>)[key]
  }
  return found
}

/** As it would be written in the file. */
export function writeKey(path: KeyPath): string {
  return path.reduce<string>((written, key) => {
    if (typeof key === 'number') return `${written}[${key}]`
    const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key)
    return written === '' ? name : `${written}.${name}`
  }, '')
}

const mostShown = 80

/** A value as a person wrote it, or nearly so. */
function show(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value))
  const quoted = typeof value === 'string' ? `'${text.slice(1, -1)}'` : text
  return quoted.length > mostShown ? `${quoted.slice(0, mostShown)}…` : quoted
}
