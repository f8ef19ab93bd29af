import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect } from 'vitest'

import type { Corral } from './corral.ts'
import { test } from './corral.ts'

/** Writes the address of each module that is loaded, a line each. */
const hook = `
import { registerHooks } from 'node:module'
import { appendFileSync } from 'node:fs'
registerHooks({
  load(url, context, next) {
    if (url.startsWith('file:')) appendFileSync(process.env.LOADED, url + '\\n')
    return next(url, context)
  },
})
`

/** The sources of all modules that a command loads. */
async function loadedBy(corral: Corral, ...words: string[]): Promise<string[]> {
  const [program, list] = [join(corral.folder, 'hook.mjs'), join(corral.folder, 'loaded')]
  writeFileSync(program, hook)
  const script = `LOADED=${list} NODE_OPTIONS='--import ${program}' corral ${words.join(' ')}`
  expect(await corral.shell(script)).toMatchObject({ exitStatus: 0, stderr: '' })
  const urls = readFileSync(list, 'utf8').trimEnd().split('\n')
  return urls.filter((url) => !url.endsWith('/hook.mjs')).map((url) => readFileSync(fileURLToPath(url), 'utf8'))
}

/** What only modules of the client have in them, and the parser of contexts. */
const foreign = /ConnectError|Http2SessionManager|smol-toml|TomlError/

test.for(['run -- true', 'ps', 'run -d -- true'])('%s here loads nothing of the client', async (words, { corral }) => {
  const sources = await loadedBy(corral, words)
  expect(sources.length).toBeGreaterThan(3)
  for (const source of sources) expect(source).not.toMatch(foreign)
})

test('the search for it finds it', async ({ corral }) => {
  await corral.run('context', 'create', 'box', '--host', 'box:7411')
  const sources = await loadedBy(corral, 'context ls')
  expect(sources.some((source) => foreign.test(source))).toBe(true)
})
