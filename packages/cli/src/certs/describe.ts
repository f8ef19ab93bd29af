import type { IssuedCertificate } from '@corral/certs'

/** What a certificate is and where, as comments of a TOML file, in which what the daemon is to know of it may follow. */
export function describeIssued({ identity, certificate, key, notAfter }: IssuedCertificate): string {
  return `# ${identity}: until ${notAfter.toISOString().slice(0, 10)}\n#   ${certificate}\n#   ${key}\n`
}
