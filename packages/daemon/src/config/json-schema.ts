import { z } from 'zod'

import type { KeyPath } from './locate.ts'
import { schema } from './schema.ts'

/** What of JSON Schema is of use here. */
export interface JsonSchema {
  [keyword: string]: unknown
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
}

/** The schema of `corrald.toml`, for editors. */
export function jsonSchema(): JsonSchema {
  const title = 'corrald.toml'
  return { title, ...(z.toJSONSchema(schema, { io: 'input' }) as JsonSchema) }
}

/** The keys of the table at a path. */
export function keysAt(schema: JsonSchema, path: KeyPath): readonly string[] {
  let found: JsonSchema | undefined = schema
  for (const key of path) found = typeof key === 'number' ? found?.items : found?.properties?.[key]
  return Object.keys(found?.properties ?? {})
}
