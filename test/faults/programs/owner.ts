/** Has a job that has ended and one that runs until SIGUSR1, and stays until it is killed. Says `running PID`. */
import { parseArgs } from 'node:util'

import { CgroupRunner } from '@corral/runner'

const { values: options } = parseArgs({
  options: { root: { type: 'string', default: '' }, onExit: { type: 'string', default: 'kill' } },
})
const onExit = options.onExit === 'keep' ? 'keep' : 'kill'
const runner = await CgroupRunner.open({ storageRoot: options.root, onExit })
const env = { CORRAL_TEST_OF: options.root }

await runner.start({ name: 'ended', command: ['/bin/sh', '-c', 'exit 9'], env })
await runner.wait('ended')
// It says that it is ready for the signal.
const script = 'trap "exit 6" USR1; echo ready; while :; do sleep 1000 & wait; done'
await runner.start({ name: 'running', command: ['/bin/sh', '-c', script], env })
for await (const chunk of runner.output('running')) if (chunk.length > 0) break
process.stdout.write(`running ${(await runner.status('running')).pid}\n`)
await runner.wait('running')
process.stdout.write(`ended ${(await runner.status('running')).exitStatus}\n`)
await runner.close()
