/** Checks everything that can be checked without running it: format, lint, types, generated code, the API, dead code, and the packages' shape. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

const checks: readonly (readonly [what: string, ...command: string[]])[] = [
  ['format', 'oxfmt', '--check', '.'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['types', 'tsc', '-p', '.'],
  ['generated code', 'node', 'scripts/generate-syscalls.ts', '--check'],
  ['API', 'node', 'scripts/generate-api.ts', '--check'],
  ['configuration schema', 'node', 'scripts/generate-config-schema.ts', '--check'],
  ['dead code', 'knip', '--no-progress'],
  ['package runner', 'publint', 'packages/runner', '--strict'],
  ['package corral', 'publint', 'packages/cli', '--strict'],
  ['package api', 'publint', 'packages/api', '--strict'],
  ['package client', 'publint', 'packages/client', '--strict'],
  ['package daemon', 'publint', 'packages/daemon', '--strict'],
]

const failed = checks.filter(([what, program, ...words]) => {
  const { status } = spawnSync(join(root, 'node_modules/.bin', program!), words, { cwd: root, stdio: 'inherit' })
  process.stdout.write(`${status === 0 ? 'ok    ' : 'failed'}  ${what}\n`)
  return status !== 0
})
process.exitCode = failed.length === 0 ? 0 : 1
