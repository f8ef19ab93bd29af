/**
 * Starts jobs in a loop, until its input ends, and says on stdout what became of each start:
 * `started NAME` once it was acknowledged, `refused NAME CODE` once it was not. It is there to be killed.
 */
import { parseArgs } from 'node:util'

import { CgroupRunner } from '@corral/runner'

import { commandOf, nameOf } from '../outcome.ts'

const { values: options } = parseArgs({
  options: {
    root: { type: 'string', default: '' },
    onExit: { type: 'string', default: 'kill' },
    /** What the names begin with. */
    prefix: { type: 'string', default: '' },
    /** How many starts are under way at once. */
    lanes: { type: 'string', default: '4' },
    /** How many are made in all, at most. */
    count: { type: 'string', default: 'Infinity' },
  },
})
const onExit = options.onExit === 'keep' ? 'keep' : 'kill'

function say(...words: string[]): void {
  process.stdout.write(`${words.join(' ')}\n`)
}

const input = process.stdin.setEncoding('utf8')
const end = new Promise<void>((resolve) => input.once('end', resolve))

say('ready')
await new Promise((resolve) => input.once('data', resolve))
const runner = await CgroupRunner.open({ storageRoot: options.root, onExit })
let next = 0

async function lane(): Promise<void> {
  while (!input.readableEnded && next < Number(options.count)) {
    const name = nameOf(options.prefix, next++)
    try {
      await runner.start({ name, command: commandOf(name), env: { CORRAL_TEST_OF: options.root } })
      say('started', name)
    } catch (error) {
      const { code, message } = error as Error & { code?: string }
      say('refused', name, code ?? '-', message)
    }
  }
}

await Promise.all(Array.from({ length: Number(options.lanes) }, lane))
say('done')
// Stays, so that its jobs do: it goes when it is told to, or is killed.
await end
await runner.close()
