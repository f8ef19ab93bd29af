/**
 * Makes the TypeScript of `packages/api` from its schema.
 *
 *     node scripts/generate-api.ts [--check | --release]
 *
 * With `--check` nothing is written: the schema has to be well-formed and to break no client of the last release, and what is
 * checked in has to be what it makes. `--release` writes down the schema as that of a release: from then on it is what
 * changes are compared with.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const programs = join(import.meta.dirname, '../node_modules/.bin')
const api = join(import.meta.dirname, '../packages/api')

/** The schema of the last release, as `buf build` has it. */
const released = 'breaking/released.binpb'

const generated = 'src/gen'

function buf(...words: readonly string[]): boolean {
  // It looks for protoc-gen-es, which looks for node.
  const env = { ...process.env, PATH: `${programs}${delimiter}${process.env['PATH']}` }
  return spawnSync(join(programs, 'buf'), words, { cwd: api, env, stdio: 'inherit' }).status === 0
}

function main(words: readonly string[]): boolean {
  if (words.includes('--check')) return [buf('lint'), breaksNothing(), isUpToDate()].every(Boolean)
  if (words.includes('--release')) return buf('build', 'proto', '--exclude-source-info', '-o', released)
  return buf('generate')
}

function breaksNothing(): boolean {
  const holds = buf('breaking', 'proto', '--against', released)
  if (!holds) console.error('the schema breaks clients of the last release: CONTRIBUTING.md says what can be done')
  return holds
}

function isUpToDate(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'corral-api-'))
  try {
    if (!buf('generate', '-o', folder)) return false
    const files = new Set([filesIn(join(folder, generated)), filesIn(join(api, generated))].flat())
    const stale = [...files].filter((file) => contentOf(folder, file) !== contentOf(api, file))
    for (const file of stale)
      console.error(`packages/api/${generated}/${file} is not what the schema makes: npm run generate`)
    return stale.length === 0
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
}

function contentOf(root: string, file: string): string | undefined {
  const path = join(root, generated, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

if (!main(process.argv.slice(2))) process.exitCode = 1
