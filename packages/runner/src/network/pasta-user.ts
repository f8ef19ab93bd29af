import { InvalidOptionError } from '../errors/mistakes.ts'
import type { CheckedNetwork } from './check.ts'

/**
 * Whom pasta is when there is root to become it from: in a gap of what systemd and distributions give out (systemd,
 * UIDS-GIDS), and within the 65536 ids that a container has.
 */
export const pastaUser = 65533

/** Keeps the commands of a job from being the user who runs its pasta. */
export function refusePastaUser(network: CheckedNetwork, uid: number | undefined): void {
  if (typeof network !== 'object' || uid !== pastaUser) return
  throw new InvalidOptionError('user', uid, 'with a private network, any other: this one is whom pasta runs as')
}
