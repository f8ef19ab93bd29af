import type { Config } from '../config/schema.ts'
import { loadCredentials } from '../listen/credentials.ts'
import { ListenError } from '../listen/listen-error.ts'
import type { Finding } from './check.ts'

/** Whether the certificates can be read, belong together, and hold. */
export async function findTls({ tls }: Config): Promise<Finding[]> {
  if (tls === undefined) return []
  try {
    const { certificate, revocations } = await loadCredentials(tls)
    return [
      holds(tls.certificate, certificate.validToDate),
      ...(revocations ? [holds(tls.crl!, revocations.nextUpdate)] : []),
    ]
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    return [{ ok: false, what: 'tls', detail: error.message }]
  }
}

function holds(path: string, until: Date | undefined): Finding {
  if (until === undefined) return { ok: true, what: 'tls', detail: path }
  const ok = until.getTime() > Date.now()
  return { ok, what: 'tls', detail: `${path} ${ok ? 'holds' : 'held'} until ${until.toISOString()}` }
}
