/** Starts a job that floods its bounded output, and says `started NAME`. It is there to be killed. */
import { parseArgs } from 'node:util'

import { CgroupRunner } from '@corral/runner'

import { flood } from '../../output/flood-command.ts'

const { values: options } = parseArgs({
  options: { root: { type: 'string', default: '' }, bytes: { type: 'string', default: '0' } },
})
const runner = await CgroupRunner.open({ storageRoot: options.root, onExit: 'keep' })
const command = flood(Number(options.bytes), { pauseUs: 200 })
process.stdout.write(`started ${await runner.start({ command, outputMax: '1M' })}\n`)
await new Promise((resolve) => process.stdin.once('end', resolve).resume())
await runner.close()
