// Boots the virtual machines and runs the tests in them; see README.md.
import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BootResult, Machine } from './machine.ts'
import { boot, prepareMachine, REPOSITORY } from './machine.ts'
import { reportSkip, whyNoMachine, whyNoSystemd } from './requirements.ts'
import type { Suite, Totals } from './suite.ts'
import { quoteAll, readTotals, SUITES, suiteScript } from './suite.ts'

const { values: options, positionals: command } = parseArgs({
  options: {
    /** Only the machine with this init: `busybox` or `systemd`. */
    only: { type: 'string' },
    /** For a command: the machine's init. */
    init: { type: 'string', default: 'busybox' },
    /** For a command: seconds until the machine is killed. */
    timeout: { type: 'string', default: '600' },
  },
  allowPositionals: true,
})

// So that the handlers of `exit` run: they end the machine.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

await main()

async function main(): Promise<void> {
  for (const init of [options.init, options.only ?? 'busybox']) {
    if (init !== 'busybox' && init !== 'systemd')
      throw new RangeError(`there is no machine '${init}': busybox, systemd`)
  }
  const machine = await obtainMachine()
  if (machine === undefined) return
  if (command.length > 0) process.exitCode = await runCommand(machine, command)
  else await runSuites(machine)
}

/** Prepares a machine, or reports why there is none. */
async function obtainMachine(): Promise<Machine | undefined> {
  const what = 'the tests on pure cgroup v2 and under systemd, in a virtual machine'
  const reason = whyNoMachine()
  if (reason !== undefined) return void reportSkip({ what, ...reason })
  try {
    return await prepareMachine()
  } catch (error) {
    const why = `its kernel cannot be had (${error instanceof Error ? error.message.trim() : String(error)})`
    return void reportSkip({ what, why, unskip: 'on Debian, with the network: apt-get update' })
  }
}

async function runCommand(machine: Machine, words: string[]): Promise<number> {
  const init = options.init === 'systemd' ? 'systemd' : 'busybox'
  const script = `exec ${quoteAll(words)}`
  try {
    return (await boot(machine, { init, script, timeoutMs: Number(options.timeout) * 1000 })).status
  } catch (error) {
    reportFailure(error)
    return 125
  }
}

/** Runs each suite in a machine of its own, and prints the sum as the last line. */
async function runSuites(machine: Machine): Promise<void> {
  const sum: Totals = { passed: 0, failed: 0, skipped: 0 }
  for (const suite of SUITES) {
    if (options.only !== undefined && options.only !== suite.init) continue
    if (!existsSync(join(REPOSITORY, suite.folder))) continue
    const reason = suite.init === 'systemd' ? whyNoSystemd() : undefined
    if (reason !== undefined) {
      reportSkip({ what: suite.what, ...reason })
      continue
    }
    const totals = await runSuite(machine, suite)
    sum.passed += totals.passed
    sum.failed += totals.failed
    sum.skipped += totals.skipped
  }
  process.stdout.write(`vm: ${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`)
}

/** Runs one suite. A machine that fails counts as one failed test. */
async function runSuite(machine: Machine, suite: Suite): Promise<Totals> {
  process.stdout.write(`vm: ${suite.what}\n`)
  try {
    const result = await boot(machine, { init: suite.init, script: suiteScript(suite), timeoutMs: suite.timeoutMs })
    return judge(result)
  } catch (error) {
    reportFailure(error)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

/** Passes on what the guest skipped and whether it failed. */
function judge({ status, output, skips }: BootResult): Totals {
  const list = process.env['CORRAL_SKIP_FILE']
  if (list !== undefined) for (const skip of skips) appendFileSync(list, `${skip}\n`)
  const totals = readTotals(output)
  if (status === 0) return totals
  process.exitCode = 1
  return totals.failed > 0 ? totals : { ...totals, failed: 1 }
}

function reportFailure(error: unknown): void {
  process.stdout.write(`vm: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
