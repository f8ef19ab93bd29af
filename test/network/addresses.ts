/** Who is who in the networks of these tests: addresses for documentation (RFC 5737, RFC 3849). */
export const addresses = {
  /** The host's own, towards outside. */
  host: '203.0.113.2',
  host6: '2001:db8::2',
  /** A machine elsewhere; it is the host's name server, too. */
  outside: '203.0.113.1',
  outside6: '2001:db8::1',
  /** A cloud's metadata service, reached by way of the machine elsewhere. */
  metadata: '169.254.169.254',
} as const
