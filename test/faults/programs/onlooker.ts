/** Looks at a job of a storage root, lists all, and tries to start one: says what it saw, and why it could not. */
import { CgroupRunner } from '@corral/runner'

const [storageRoot, name] = process.argv.slice(2) as [string, string]
const runner = await CgroupRunner.open({ storageRoot })
process.stdout.write(`${(await runner.status(name)).state}\n`)
process.stdout.write(`${(await runner.list()).map(({ state }) => state).join(' ')}\n`)
await runner.start({ command: ['true'] }).catch((error: Error & { code?: string }) => {
  process.stdout.write(`${error.code} ${error.message}\n`)
})
