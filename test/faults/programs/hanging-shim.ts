/**
 * Starts a job whose shim makes a file once it is in `before`, and then hangs there until another file is there, if one
 * is named. Says `started NAME` when the start comes through.
 */
import { existsSync, watch, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'

import { CgroupRunner, isShimEntry, shimEntry } from '@corral/runner'

async function hang(): Promise<void> {
  const [mark, go] = [process.env['MARK']!, process.env['GO']]
  const keepAlive = setInterval(() => {}, 1 << 30)
  const { promise, resolve } = Promise.withResolvers<void>()
  const watcher = go ? watch(dirname(go), (_, name) => name === basename(go) && resolve()) : undefined
  writeFileSync(mark, '')
  if (!(go && existsSync(go))) await promise
  watcher?.close()
  clearInterval(keepAlive)
}

if (isShimEntry()) await shimEntry({ before: hang })

const [storageRoot, mark, go] = process.argv.slice(2)
const runner = await CgroupRunner.open({ storageRoot: storageRoot! })
const env = { CORRAL_TEST_OF: storageRoot!, MARK: mark!, ...(go !== undefined && { GO: go }) }
const name = await runner.start({
  name: 'hanging',
  shim: 'self',
  command: ['/bin/sh', '-c', 'exit 11'],
  env,
  isolation: 'none',
})
process.stdout.write(`started ${name}\n`)
await new Promise((resolve) => process.stdin.resume().once('end', resolve))
