/**
 * Has the jobs of a storage root, as a daemon does, and takes orders on stdin, one a line: an id and the order in JSON.
 * Says on stdout `ready`, and of each order `started ID NAME` or `refused ID WHY`. It is there to be killed.
 */
import { createInterface } from 'node:readline'

import { JobManager, type JobManagerOptions, type StartOrder } from '../../../packages/daemon/src/jobs/index.ts'

function say(...words: string[]): void {
  process.stdout.write(`${words.join(' ')}\n`)
}

const jobs = await JobManager.open(JSON.parse(process.argv[2]!) as JobManagerOptions)
say('ready')

async function start(line: string): Promise<void> {
  const at = line.indexOf(' ')
  const id = line.slice(0, at)
  try {
    const { name } = await jobs.start({ ...(JSON.parse(line.slice(at + 1)) as StartOrder), requestId: id })
    say('started', id, name)
  } catch (error) {
    say('refused', id, String(error))
  }
}

for await (const line of createInterface(process.stdin)) void start(line)
await jobs.close()
