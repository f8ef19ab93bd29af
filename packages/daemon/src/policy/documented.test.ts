import { readFileSync } from 'node:fs'

import { expect, it } from 'vitest'

import { jsonSchema, type JsonSchema } from '../config/json-schema.ts'
import { parseConfig } from '../config/load.ts'
import { createPolicy } from './policy.ts'

const read = (document: string) => readFileSync(new URL(`../../../../docs/${document}`, import.meta.url), 'utf8')
const examples = ['policy.md', 'metrics.md'].flatMap((document) =>
  [...read(document).matchAll(/^```toml\n(.*?)^```$/gms)].map(([, text], index) => [document, index, text!] as const),
)

it.each(examples)('example %#, of %s, is accepted', (_document, _index, text) => {
  expect(() => createPolicy(parseConfig(text, 'corrald.toml').policy)).not.toThrow()
})

it('each rule and each bound of a quota is in a table', () => {
  const { rules, quota } = jsonSchema().properties as Record<string, JsonSchema>
  const rows = read('policy.md').matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)
  const told = new Set([...rows].flatMap(([, names]) => names!.replaceAll('`', '').split(', ')))
  const known = [rules, quota].flatMap((table) => Object.keys(table!.properties!))
  expect(known.filter((name) => !told.has(name))).toEqual([])
})

it('lets the team of the last example do more, and others not', () => {
  const text = examples.find(([document, , each]) => document === 'policy.md' && each.includes('media'))![2]
  const policy = createPolicy(parseConfig(text, 'corrald.toml').policy)
  const media = policy.grant({ identity: 'spiffe://example.org/media/x', via: 'tls', from: '' })!
  const config = {
    command: ['true'],
    user: 'media',
    isolation: { mounts: [{ type: 'bind', source: '/srv/media/a' }] },
  } as const
  expect(media.admit(config)).toMatchObject({ ...config, memoryMax: '32G' })
  const other = policy.grant({ identity: 'unix:x', via: 'unix', from: '', uid: 1000 })!
  expect(() => other.admit(config)).toThrow('isolation.mounts[0].source')
})
