import { createGrpcTransport } from '@connectrpc/connect-node'

import type { Address } from '../connect/address.ts'
import type { TlsOptions } from '../connect/options.ts'
import { Connections } from './connections.ts'
import { readCredentials } from './credentials.ts'
import { explainTrouble } from './trouble.ts'
import type { Way } from './way.ts'

/**
 * A way over HTTP/2, speaking gRPC. A connection without streams keeps no process alive.
 * @throws {InvalidOptionError} for credentials that cannot be read.
 */
export function openWay(address: Address, tls: TlsOptions): Way {
  readCredentials(tls)
  const connections = new Connections(address, tls)
  return {
    address: address.text,
    transport: createGrpcTransport({
      baseUrl: connections.authority,
      sessionManager: connections,
      // Output that is compressed goes at a tenth of the speed.
      acceptCompression: [],
    }),
    explain: (error) => explainTrouble(error, { address, tls, connections }),
    isHeardSince: (time) => connections.heardAt > time,
    close: () => connections.close(),
  }
}
