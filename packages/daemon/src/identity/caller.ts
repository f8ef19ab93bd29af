/** Who is at the other end of a connection. */
export interface Caller {
  /** The certificate's SAN URI, else its CN; of a Unix socket's peer `unix:` and the user's name, or the uid. */
  identity: string
  via: 'tls' | 'unix'
  /** Where from: an address and port, or a pid; for the audit log. */
  from: string
  /** Of a Unix socket's peer. */
  uid?: number
  /** Names of the groups that a Unix socket's peer is in. */
  groups?: readonly string[]
}
