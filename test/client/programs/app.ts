/** What a page does: bundled for browsers, see browser.test.ts. */
import { RemoteRunner } from '@corral/client'
import { CorralError, JobNotFoundError } from '@corral/runner/errors'

/** Runs a job at an address, and gives what came of it. */
export async function run(host: string): Promise<object> {
  await using runner = await RemoteRunner.connect({ host })
  const events = runner.events()[Symbol.asyncIterator]()
  const stdin = new Blob(['into it\n']).stream()
  const name = await runner.start({ command: ['/bin/sh', '-c', 'cat; echo done; exit 3'], stdin })
  const output = await new Response(runner.output(name)).text()
  const { exitStatus } = await runner.wait(name)
  const told = (await events.next()).value
  await runner.stop(name)
  const missing: unknown = await runner.status(name).catch((error: unknown) => error)
  const wrong: unknown = await runner.start({ command: ['/no/such'] }).catch((error: unknown) => error)
  return {
    output,
    exitStatus,
    told: told?.type,
    isMissing: missing instanceof JobNotFoundError,
    code: wrong instanceof CorralError && wrong.code,
  }
}

/** What a page is told that asks for what a browser has not. */
export async function refusals(): Promise<string[]> {
  const options = [{}, { host: 'unix:///run/x.sock' }, { host: 'https://x:1', tls: { ca: 'x' } }]
  return Promise.all(
    options.map(async (each) => RemoteRunner.connect(each).then(String, (error: Error) => error.message)),
  )
}
