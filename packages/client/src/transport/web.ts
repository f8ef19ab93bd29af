import { Code, type ConnectError, type Transport } from '@connectrpc/connect'

import { RemoteError } from '../errors/remote-error.ts'
import type { Way } from './way.ts'

/** A way over a transport that somebody else looks after: of its connections nothing is known. */
export function wayOver(transport: Transport, address: string): Way {
  return {
    transport,
    address,
    explain: (error) => ({ error: lost(error, address), isTransient: true, isUndone: false }),
    isHeardSince: () => true,
    close: () => {},
  }
}

function lost(error: ConnectError, address: string): RemoteError {
  const why = error.code === Code.Unknown || error.code === Code.Internal ? error.rawMessage : error.message
  const message = `could not reach corrald at ${address}, or lost the connection: ${why}`
  return new RemoteError('UNAVAILABLE', 'UNREACHABLE', message, { cause: error })
}
