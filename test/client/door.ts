import { connectNodeAdapter } from '@connectrpc/connect-node'
import { JobService } from '@corral/api'

import { type ListenersOptions, openListeners } from '../../packages/daemon/src/listen/index.ts'

/** A door of the daemon's, behind which there is nobody who runs jobs. */
export interface Door extends AsyncDisposable {
  unix: string
  tls: string
  reload(): Promise<void>
}

const silence = { info: () => {}, warn: () => {}, error: () => {} }

/** Opens the daemon's listeners; who comes in is told that there is nothing known of the daemon. */
export async function openDoor(options: Omit<ListenersOptions, 'log'>): Promise<Door> {
  const handler = connectNodeAdapter({
    routes: (router) => router.service(JobService, { info: () => ({}) }),
    acceptCompression: [],
  })
  const listeners = await openListeners({ ...options, log: silence }, handler)
  const addresses = Object.fromEntries(listeners.addresses.map(({ name, address }) => [name, address]))
  return {
    unix: `unix://${options.unix?.[0]?.path}`,
    tls: `https://${addresses['tls']}`,
    reload: () => listeners.reload(),
    [Symbol.asyncDispose]: async () => listeners.close(0),
  }
}
