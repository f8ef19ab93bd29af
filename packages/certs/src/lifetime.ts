import { InvalidOptionError } from '@corral/runner/errors'

const dayMs = 24 * 60 * 60 * 1000

/** Clocks differ: a certificate holds from a little before it was made. */
const skewMs = 5 * 60 * 1000

/** From when until when. A certificate does not outlive its issuer. */
export function lifetime(days: number, issuer?: { notAfter: Date }): { notBefore: Date; notAfter: Date } {
  if (!Number.isFinite(days) || days <= 0 || days > 36_500) {
    throw new InvalidOptionError('days', days, 'a number of days above 0, to 36500')
  }
  const end = Date.now() + days * dayMs
  return {
    notBefore: new Date(Date.now() - skewMs),
    notAfter: new Date(issuer ? Math.min(end, issuer.notAfter.getTime()) : end),
  }
}
