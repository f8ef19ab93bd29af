/** A PEM block: `label` is what stands after BEGIN. */
export function encodePem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

/** The contents of all blocks with this label. */
export function decodePem(label: string, text: string): Buffer<ArrayBuffer>[] {
  const blocks = text.matchAll(new RegExp(`-----BEGIN ${label}-----([^-]+)-----END ${label}-----`, 'g'))
  return [...blocks].map(([, base64]) => Buffer.from(base64!, 'base64'))
}

/** What OpenSSL calls a revocation list. */
export const crlLabel = 'X509 CRL'
