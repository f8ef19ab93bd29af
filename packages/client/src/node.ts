import { openLink } from './connect/link.ts'
import { checkOptions, type ConnectOptions } from './connect/options.ts'
import { DaemonRunner } from './daemon-runner.ts'
import { openWay } from './transport/node.ts'
import { wayOver } from './transport/web.ts'

/** Runs jobs on a daemon, over its socket or over TLS. */
export class RemoteRunner extends DaemonRunner {
  /**
   * Connects to a daemon; resolves once that has answered.
   * @throws {InvalidOptionError}
   * @throws {RemoteError} in one sentence why it was not reached, or refuses us, and what might help.
   */
  static async connect(options: ConnectOptions = {}): Promise<RemoteRunner> {
    const checked = checkOptions(options)
    checked.signal?.throwIfAborted()
    const { transport, address, tls } = checked
    const way = transport ? wayOver(transport, 'the end of the given transport') : openWay(address!, tls)
    return new RemoteRunner(await openLink(way, checked))
  }
}
