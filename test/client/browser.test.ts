import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { build, stop } from 'esbuild'
import { expect } from 'vitest'

import { test } from './client-test.ts'
import { CuttingProxy } from './cutting-proxy.ts'

type App = typeof import('./programs/app.ts')

/** Bundles a page's program as for any browser, against what was last built of the packages. */
async function bundle(outfile: string): Promise<App> {
  const entry = join(import.meta.dirname, 'programs/app.ts')
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    metafile: true,
    logLevel: 'silent',
  })
  await stop()
  const inputs = Object.keys(metafile.inputs)
  expect(inputs.filter((path) => path.includes('connect-node'))).toEqual([])
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
  return (await import(pathToFileURL(outfile).href)) as App
}

test('a bundle for browsers runs a job by fetch', async ({ daemon, folder }) => {
  const { run, refusals } = await bundle(join(folder, 'app.js'))
  // A page does not come to a socket.
  await using relay = await CuttingProxy.open(undefined, daemon.host.slice('unix://'.length))
  expect(await run(relay.host)).toEqual({
    output: 'into it\ndone\n',
    exitStatus: 3,
    told: 'started',
    isMissing: true,
    code: 'COMMAND_NOT_FOUND',
  })
  expect(await refusals()).toEqual([
    expect.stringContaining('host: received'),
    expect.stringContaining('host: received'),
    expect.stringContaining('tls: received'),
  ])
})
