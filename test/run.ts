/**
 * Runs all tests: on this host, and beside them on pure cgroup v2 and under systemd in virtual machines, which take one
 * processor. Ends with what was skipped and why, and with the sum. With arguments it runs vitest on this host with these alone.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { quoteAll, readTotals, type Totals } from './vm/suite.ts'
import type { Skip } from './vm/requirements.ts'

const root = join(import.meta.dirname, '..')
const vitest = ['node_modules/vitest/vitest.mjs', 'run']

const work = await mkdtemp(join(tmpdir(), 'corral-run-'))
const skipFile = join(work, 'skips')
try {
  process.exitCode = await main(process.argv.slice(2))
} finally {
  await rm(work, { recursive: true })
}

async function main(words: readonly string[]): Promise<number> {
  if ((await run(['scripts/build.ts'])).status !== 0) return 1
  if (words.length > 0) return (await run([...vitest, ...words])).status
  const [host, machines] = await Promise.all([run(vitest), run(['test/vm/run.ts'], 'vm | ')])
  const totals = [readTotals(host.output), readVmTotals(machines.output)]
  const sum = (key: keyof Totals): number => totals.reduce((total, each) => total + each[key], 0)
  const skips = await readSkips()
  for (const { what, why, unskip } of skips)
    process.stdout.write(`skipped: ${what}\n  why: ${why}\n  to run it: ${unskip}\n`)
  const failed = Math.max(sum('failed'), host.status === 0 && machines.status === 0 ? 0 : 1)
  process.stdout.write(`${sum('passed')} passed, ${failed} failed, ${sum('skipped')} skipped\n`)
  return failed === 0 ? 0 : 1
}

/** Runs a program of ours with this Node, passes its output on, line by line behind `prefix`, and gives it back. */
async function run(words: readonly string[], prefix = ''): Promise<{ status: number; output: string }> {
  process.stdout.write(`${prefix}$ node ${quoteAll([...words])}\n`)
  const env = { ...process.env, CORRAL_SKIP_FILE: skipFile, NO_COLOR: '1' }
  const child = spawn(process.execPath, words, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    output += `${line}\n`
    process.stdout.write(`${prefix}${line}\n`)
  })
  const status = await new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? 1))
  })
  return { status, output }
}

/** The closing line of the machines' runs. */
function readVmTotals(output: string): Totals {
  const [, passed, failed, skipped] = /^vm: (\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(output) ?? []
  return { passed: Number(passed ?? 0), failed: Number(failed ?? 0), skipped: Number(skipped ?? 0) }
}

async function readSkips(): Promise<Skip[]> {
  const text = await readFile(skipFile, 'utf8').catch(() => '')
  const lines = new Set(text.split('\n').filter((line) => line !== ''))
  return [...lines].map((line) => JSON.parse(line) as Skip)
}
