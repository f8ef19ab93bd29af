import { createConnectTransport } from '@connectrpc/connect-web'
import { InvalidOptionError } from '@corral/runner/errors'

import type { Address } from './connect/address.ts'
import { openLink } from './connect/link.ts'
import { checkOptions, type ConnectOptions } from './connect/options.ts'
import { DaemonRunner } from './daemon-runner.ts'
import { wayOver } from './transport/web.ts'

export * from './exports.ts'

/** Runs jobs on a daemon, by `fetch`: certificates are the browser's business. */
export class RemoteRunner extends DaemonRunner {
  /**
   * Connects to a daemon; resolves once that has answered.
   * @throws {InvalidOptionError}
   * @throws {RemoteError} in one sentence why it was not reached, or refuses us.
   */
  static async connect(options: ConnectOptions): Promise<RemoteRunner> {
    const checked = checkOptions(options)
    checked.signal?.throwIfAborted()
    if (options.tls !== undefined)
      throw new InvalidOptionError('tls', options.tls, 'nothing in a browser, which has its own')
    const { transport, address } = checked
    const way = transport
      ? wayOver(transport, 'the end of the given transport')
      : wayOver(createConnectTransport({ baseUrl: urlOf(address!), useBinaryFormat: true }), address!.text)
    return new RemoteRunner(await openLink(way, checked))
  }
}

function urlOf(address: Address): string {
  if (address.kind === 'tcp') return address.url
  throw new InvalidOptionError('host', address.text, "'https://HOST:PORT' in a browser")
}
