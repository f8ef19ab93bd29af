/** What the holder of a client's certificate may do: a role of the daemon's policy. */
export type CertificateRole = 'viewer' | 'operator' | 'admin'

/**
 * The lines of `corrald.toml` that give an identity its role. A certificate says who somebody is, and the daemon's
 * configuration what they may do: a role changes, or ends, without a new certificate.
 */
export function identityEntry(identity: string, role: CertificateRole): string {
  return `[[identity]]\nmatch = ${JSON.stringify(identity)}\nrole = "${role}"\n`
}
