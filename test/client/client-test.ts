import { join } from 'node:path'

import { type ConnectOptions, RemoteRunner } from '@corral/client'

import { test as base } from '../support/test.ts'
import { serve, type Served } from './serve.ts'

/** What a test of the client has. */
interface Fixtures {
  /** A daemon in this process, over the test's storage root; its jobs are removed at the end. */
  daemon: Served & { host: string }
  /** Connects to it; closed at the end. */
  connect: (options?: ConnectOptions) => Promise<RemoteRunner>
  /** Is connected to it. */
  remote: RemoteRunner
}

export const test = base.extend<Fixtures>({
  daemon: async ({ folder }, use) => {
    const path = join(folder, 'corrald.sock')
    const served = await serve({ storageRoot: join(folder, 'root') }, { unix: [{ path }] })
    await use(Object.assign(served, { host: `unix://${path}` }))
    for (const { name } of served.jobs.all()) await served.jobs.remove(name, { force: true })
    await served[Symbol.asyncDispose]()
  },
  connect: async ({ daemon }, use) => {
    await using runners = new AsyncDisposableStack()
    await use(async (options = {}) => runners.use(await RemoteRunner.connect({ host: daemon.host, ...options })))
  },
  remote: async ({ connect }, use) => {
    await use(await connect())
  },
})
