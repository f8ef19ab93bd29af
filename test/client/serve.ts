import { createPolicy } from '../../packages/daemon/src/policy/index.ts'
import { JobManager, type JobManagerOptions } from '../../packages/daemon/src/jobs/index.ts'
import {
  callerOf,
  type Listeners,
  type ListenersOptions,
  openListeners,
} from '../../packages/daemon/src/listen/index.ts'
import { createHandler } from '../../packages/daemon/src/rpc/index.ts'

const silence = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** What a daemon is made of: its rooms, without its files. */
export interface Served extends AsyncDisposable {
  jobs: JobManager
  listeners: Listeners
  /** Ends all streams, as one that is told to end does. */
  drain(): void
}

/** Serves the jobs of a storage root. */
export async function serve(jobs: JobManagerOptions, listen: Omit<ListenersOptions, 'log'>): Promise<Served> {
  const manager = await JobManager.open(jobs)
  const draining = new AbortController()
  const handler = createHandler(
    {
      jobs: manager,
      policy: createPolicy({}),
      audit: { ready: async () => {}, record: async () => {} },
      log: silence,
      metrics: { rpcEnded: () => {}, streamOpened: () => {}, streamClosed: () => {}, outputSent: () => {} },
      info: {
        version: '0.0.0',
        startedAt: new Date(),
        hostname: 'here',
        kernel: '0',
        architecture: 'x64',
        cpus: 1,
        memoryBytes: 1,
        cgroupLayout: 'unified',
        storageRoot: jobs.storageRoot,
        maxActive: null,
      },
      draining: draining.signal,
    },
    callerOf,
  )
  const listeners = await openListeners({ ...listen, log: silence }, handler)
  return {
    jobs: manager,
    listeners,
    drain: () => draining.abort(),
    async [Symbol.asyncDispose]() {
      draining.abort()
      await listeners.close(0)
      await manager.close()
    },
  }
}
