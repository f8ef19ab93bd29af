/** How a list is printed for a program: one JSON array, or a JSON object a line. */
export type ListFormat = 'json' | 'ndjson'

/** Values as `json` or `ndjson`; dates become ISO 8601. */
export function formatList(values: readonly unknown[], format: ListFormat): string {
  if (format === 'json') return formatJson(values)
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}

/** A value as indented JSON. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
