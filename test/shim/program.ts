/**
 * A program that starts jobs with `shim: 'self'`, and is their shim.
 *
 * program.ts STORAGE_ROOT BEFORE COMMAND…: prints a line of JSON: the job's status and output, or the error of its start.
 * What BEFORE names is done inside the fence.
 */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'

import { CgroupRunner, isShimEntry, shimEntry } from '@corral/runner'

import { shown } from '../support/shown.ts'

const [storageRoot, before, ...command] = process.argv.slice(2)

/** What may be done before the command; a job's shim is told which by its environment. */
const deeds: Record<string, () => void | Promise<void>> = {
  nothing: () => {},
  change: async () => {
    console.log(`pid ${process.pid}, parent ${process.ppid}, shim ${isShimEntry()}`)
    process.umask(0o077)
    process.chdir('/usr')
    process.env['ADDED'] = 'by the shim'
    await mkdir('/tmp/inside', { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', 'none', '/tmp/inside'])
    await writeFile('/tmp/inside/file', 'from the shim\n')
  },
  reject: async () => Promise.reject(new Error('the sandbox is not to be had')),
  exit: () => process.exit(3),
}

if (isShimEntry()) await shimEntry({ before: deeds[process.env['BEFORE'] ?? 'nothing']! })
else await main()

async function main(): Promise<void> {
  await using runner = await CgroupRunner.open({ storageRoot: storageRoot! })
  try {
    const name = await runner.start({
      command,
      shim: 'self',
      // Mounting takes a right that strangers do not have.
      isolation: before === 'change' ? 'none' : { mounts: shown(import.meta.dirname, process.execPath) },
      env: { BEFORE: before, NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    })
    const output = Buffer.concat(await Array.fromAsync(runner.output(name))).toString()
    console.log(JSON.stringify({ isShim: isShimEntry(), output, status: await runner.wait(name) }))
  } catch (error) {
    const { name, code, message, syscall, path, errno } = error as Error & Record<string, unknown>
    console.log(
      JSON.stringify({
        isShim: isShimEntry(),
        error: { name, code, message, syscall, path, errno },
        jobs: await runner.list(),
      }),
    )
  }
}
