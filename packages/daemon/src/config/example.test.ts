import { readFileSync } from 'node:fs'

import { parse } from 'smol-toml'
import { expect, test } from 'vitest'

import { defaultMaxQueued, defaultMaxQueuedPerOwner } from '../jobs/options.ts'
import { defaultRetention } from '../jobs/retention/retention.ts'
import { limitBounds } from '../listen/options.ts'
import { defaultLimits } from '../rpc/services.ts'
import { jsonSchema, type JsonSchema } from './json-schema.ts'
import { parseConfig } from './load.ts'

const share = new URL('../../share/', import.meta.url)
const example = readFileSync(new URL('corrald.toml', share), 'utf8')
/** With the keys that have no default: the lines of which a comment begins without a space. */
const whole = example.replaceAll(/^#(?=[[\w])/gm, '')

test('the example says what the defaults are', () => {
  expect(parseConfig(example, 'corrald.toml')).toEqual(parseConfig('', 'corrald.toml'))
})

test('the example, with all that is a comment in it, is accepted', () => {
  expect(() => parseConfig(whole, 'corrald.toml')).not.toThrow()
})

test('the example has every key', () => {
  expect(missing(jsonSchema(), parse(whole), '')).toEqual([])
})

test('the example writes each default that the schema has', () => {
  expect(unlike(jsonSchema(), parse(example), '')).toEqual([])
})

/** Keys of a schema that are not in a value. What `[rules]` may hold is not written out again for an identity. */
function missing(schema: JsonSchema, value: unknown, key: string): string[] {
  if (value === undefined) return [key]
  if (/^\.identity\[0\]\.(quota|rules)/.test(key) || /\.(default|max)$/.test(key)) return []
  if (schema.items?.properties) return missing(schema.items, (value as unknown[])[0], `${key}[0]`)
  return Object.entries(schema.properties ?? {}).flatMap(([name, each]) => {
    const isBound = name === 'default' && Object.keys(schema.properties!).join() === 'default,max'
    return isBound ? [] : missing(each, (value as Record<string, unknown>)[name], `${key}.${name}`)
  })
}

/** Keys whose value is not the schema's default. */
function unlike(schema: JsonSchema, value: unknown, key: string): string[] {
  const properties = Object.entries(schema.properties ?? {})
  if (properties.length > 0) {
    return properties.flatMap(([name, each]) =>
      unlike(each, (value as Record<string, unknown> | undefined)?.[name], `${key}.${name}`),
    )
  }
  const usual = schema['default']
  return usual === undefined || JSON.stringify(usual) === JSON.stringify(value ?? usual) ? [] : [key]
}

test('the schema is the one that is checked in', () => {
  const written = JSON.parse(readFileSync(new URL('corrald.schema.json', share), 'utf8')) as JsonSchema
  expect(written, 'npm run generate').toEqual(jsonSchema())
})

test("the defaults are the rooms' own", () => {
  const { connections, requests, retention, jobs } = parseConfig('', 'corrald.toml')
  expect(connections).toEqual(Object.fromEntries(Object.entries(limitBounds).map(([name, [usual]]) => [name, usual])))
  expect(requests).toEqual(defaultLimits)
  expect({ maxBytes: Infinity, ...retention }).toEqual(defaultRetention)
  expect(jobs.maxQueued).toBe(defaultMaxQueued)
  expect(jobs.maxQueuedPerOwner).toBe(defaultMaxQueuedPerOwner)
})
