/** Runs a job on a daemon, and closes nothing: it is to end by itself all the same. */
import { type ConnectOptions, RemoteRunner } from '@corral/client'

const runner = await RemoteRunner.connect(JSON.parse(process.argv[2]!) as ConnectOptions)
const name = await runner.start({ command: ['/bin/sh', '-c', 'cat; echo done'], stdin: 'hello\n' })
for await (const chunk of runner.output(name)) process.stdout.write(chunk)
const { exitStatus } = await runner.stop(name)
// Never taken, and so no reason to stay.
runner.events()
process.stdout.write(`exit status ${exitStatus}\n`)
