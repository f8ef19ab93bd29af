import type { X509Certificate } from 'node:crypto'

/** How long an identity may be, in characters. */
const identityMax = 256

/** Whom a certificate names, or why it names nobody that can be served. */
export type Named = { identity: string } | { problem: string }

/** The first URI among the certificate's alternative names, else its common name. */
export function identityOf(certificate: X509Certificate): Named {
  const uris = urisOf(certificate.subjectAltName)
  if (uris === undefined) return { problem: 'the alternative names of the certificate cannot be read' }
  const identity = uris[0] ?? commonNameOf(certificate)
  const problem = problemOf(identity)
  return problem === undefined ? { identity: identity as string } : { problem }
}

function commonNameOf(certificate: X509Certificate): unknown {
  const subject = certificate.toLegacyObject().subject as Record<string, unknown> | null
  return subject?.['CN']
}

function problemOf(identity: unknown): string | undefined {
  if (identity === undefined)
    return 'the certificate names nobody: it has neither a URI as alternative name nor a common name'
  if (typeof identity !== 'string') return 'the certificate has several common names, and no URI as alternative name'
  if (identity === '' || identity.length > identityMax || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(identity)) {
    return `the name in the certificate is empty, longer than ${identityMax} characters, or has characters that do not print`
  }
  // Those are the names of the Unix socket's peers, who own jobs under them.
  if (/^unix(-group)?:/i.test(identity))
    return 'the name in the certificate begins with unix:, which no certificate may'
  return undefined
}

/**
 * The URIs in what Node makes of alternative names, `DNS:a, URI:"with, comma"`: a value that could be taken for more
 * than one is in quotes, as JSON. Undefined: it is not of that form.
 */
export function urisOf(names = ''): string[] | undefined {
  const uris: string[] = []
  const name = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y
  while (name.lastIndex < names.length) {
    const [, type, value] = name.exec(names) ?? []
    if (value === undefined) return undefined
    if (type === 'URI') uris.push(value.startsWith('"') ? (JSON.parse(value) as string) : value)
  }
  return uris
}
