import { parse, stringify, TomlError } from 'smol-toml'

import { UsageError } from '../outcome/usage-error.ts'
import type { Context, Contexts, localContext } from './context.ts'

const here: typeof localContext = 'local'

const keys = ['host', 'cert', 'key', 'ca'] as const satisfies readonly (keyof Context)[]

/** Text for the file of contexts. */
export function formatContexts({ current, contexts }: Contexts): string {
  const head = "# Daemons that corral knows by name: see 'corral context --help'.\n"
  return `${head}${stringify({ ...(current !== null && { current }), contexts })}`
}

/** @throws {UsageError} with the file and the line of what is wrong. */
export function parseContexts(text: string, file: string): Contexts {
  const damaged = (line: number, what: string): UsageError => new UsageError(`${file}:${line}: ${what}`)
  const document = parseToml(text, damaged)
  refuseUnknown(document, ['current', 'contexts'], (key, what) => damaged(lineOf(text, key), what))
  const { current = null, contexts: tables = {} } = document
  if (!isTable(tables)) throw damaged(lineOf(text, 'contexts'), "'contexts' is no table")
  const contexts = Object.entries(tables).map(([name, table]) => [
    name,
    checkContext(name, table, (key, what) => damaged(lineOf(text, name, key), what)),
  ])
  const found = Object.fromEntries(contexts) as Record<string, Context>
  if (current === null || current === here) return { current: null, contexts: found }
  if (typeof current === 'string' && Object.hasOwn(found, current)) return { current, contexts: found }
  throw damaged(lineOf(text, 'current'), `'current' is no context of this file, but ${JSON.stringify(current)}`)
}

type Damaged = (key: string, what: string) => UsageError

function parseToml(text: string, damaged: (line: number, what: string) => UsageError): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    throw damaged(error.line, error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, ''))
  }
}

function checkContext(name: string, table: unknown, damaged: Damaged): Context {
  if (!isTable(table)) throw damaged('', `the context '${name}' is no table`)
  refuseUnknown(table, keys, damaged)
  if (table['host'] === undefined) throw damaged('', `the context '${name}' has no 'host'`)
  const wrong = keys.find((key) => table[key] !== undefined && typeof table[key] !== 'string')
  if (wrong) throw damaged(wrong, `'${wrong}' is no text`)
  return table as unknown as Context
}

function refuseUnknown(table: Record<string, unknown>, known: readonly string[], damaged: Damaged): void {
  const unknown = Object.keys(table).find((key) => !known.includes(key))
  if (unknown !== undefined) throw damaged(unknown, `there is no '${unknown}'; accepted: ${known.join(', ')}`)
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/** The line that the last of the words is on, each looked for from where the one before it is; 1 when it is not found. */
function lineOf(text: string, ...words: readonly string[]): number {
  const lines = text.split('\n')
  let at = 0
  for (const word of words) {
    const found = lines.findIndex((line, index) => index >= at && line.includes(word))
    if (found >= 0) at = found
  }
  return at + 1
}
