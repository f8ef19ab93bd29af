type Inspect = (value: unknown, options: { depth: number; breakLength: number }) => string

/** Node's own; elsewhere, as in a browser, there is none. */
const util = globalThis.process?.getBuiltinModule?.('node:util') as { inspect: Inspect } | undefined

/** A value as a message shows it, in one line. */
export function show(value: unknown): string {
  return util ? util.inspect(value, { depth: 1, breakLength: Infinity }) : showPlainly(value)
}

function showPlainly(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return JSON.stringify(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}
