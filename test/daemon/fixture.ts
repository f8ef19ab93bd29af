import { join } from 'node:path'

import { RemoteRunner } from '@corral/client'

import { type DaemonSetup, startDaemon, type TestDaemon } from '../support/daemon.ts'
import { test as base } from '../support/test.ts'

interface Fixtures {
  /** Starts `corrald` over the test's folder, or one below it; it is ended with the test. */
  openDaemon: (setup?: Partial<DaemonSetup>) => Promise<TestDaemon>
  /** Connects to a daemon as root, by its Unix socket; closed with the test. */
  connect: (daemon: TestDaemon) => Promise<RemoteRunner>
}

/** A test of the real `corrald`, of which nothing is left at its end. */
export const test = base.extend<Fixtures>({
  openDaemon: async ({ folder }, use) => {
    await using daemons = new AsyncDisposableStack()
    await use(async (setup = {}) => daemons.use(await startDaemon({ folder: join(folder, 'd'), ...setup })))
  },
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of fixtures from the pattern
  connect: async ({}, use) => {
    await using runners = new AsyncDisposableStack()
    await use(async ({ host }) => runners.use(await RemoteRunner.connect({ host })))
  },
})
