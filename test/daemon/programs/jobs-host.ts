/**
 * Has the jobs of a storage root, as a daemon does, and takes orders on stdin, one a line: an id, what to do (`start`, `stop` or
 * `remove`), and the order in JSON or the job's name. Says on stdout `ready`, and of each order `done ID NAME` or
 * `refused ID WHY`. It is there to be killed.
 */
import { createInterface } from 'node:readline'

import { JobManager, type JobManagerOptions, type StartOrder } from '../../../packages/daemon/src/jobs/index.ts'

function say(...words: string[]): void {
  process.stdout.write(`${words.join(' ')}\n`)
}

const jobs = await JobManager.open(JSON.parse(process.argv[2]!) as JobManagerOptions)
say('ready')

async function carryOut(id: string, verb: string, what: string): Promise<{ name: string }> {
  if (verb === 'stop') return jobs.stop(what, {})
  if (verb === 'remove') return jobs.remove(what, { force: true })
  return jobs.start({ ...(JSON.parse(what) as StartOrder), requestId: id })
}

async function take(line: string): Promise<void> {
  const [, id, verb, what] = /^(\S+) (\S+) (.*)$/.exec(line)!
  try {
    say('done', id!, (await carryOut(id!, verb!, what!)).name)
  } catch (error) {
    say('refused', id!, String(error))
  }
}

for await (const line of createInterface(process.stdin)) void take(line)
await jobs.close()
