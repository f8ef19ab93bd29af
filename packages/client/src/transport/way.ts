import type { ConnectError, Transport } from '@connectrpc/connect'

/** A way to a daemon. */
export interface Way {
  readonly transport: Transport
  /** What errors call the daemon. */
  readonly address: string
  /** Whether the daemon was heard after this time, by `performance.now()`. */
  isHeardSince(time: number): boolean
  /** What is behind an error that the daemon did not send. */
  explain(error: ConnectError): Trouble
  /** Ends all connections. */
  close(): void
}

/** Why the daemon was not heard, or does not do what it was asked to. */
export interface Trouble {
  error: Error
  /** Whether it may pass by itself. */
  isTransient: boolean
  /** Whether nothing was done of what was asked for. */
  isUndone: boolean
}
