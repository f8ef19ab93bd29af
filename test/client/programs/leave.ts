/** Runs a job on a daemon, and closes nothing: it is to end by itself all the same. */
import { RemoteRunner } from '@corral/client'

const runner = await RemoteRunner.connect({ host: process.argv[2]! })
const name = await runner.start({ command: ['/bin/sh', '-c', 'cat; echo done'], stdin: 'hello\n' })
for await (const chunk of runner.output(name)) process.stdout.write(chunk)
const { exitStatus } = await runner.stop(name)
// Never taken, and so no reason to stay.
runner.events()
process.stdout.write(`exit status ${exitStatus}\n`)
