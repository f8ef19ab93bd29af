import { Link } from '../calls/link.ts'
import type { Way } from '../transport/way.ts'
import type { CheckedOptions } from './options.ts'

/** A link to a daemon that has answered; closed by `options.signal`. */
export async function openLink(way: Way, { waitMs, timeoutMs, reconnect, signal }: CheckedOptions): Promise<Link> {
  const first = new Link(way, { timeoutMs, reconnect: { ...reconnect, giveUpAfterMs: waitMs } })
  try {
    await first.ask((options) => first.jobs.info({}, options), { signal })
  } catch (error) {
    way.close()
    throw error
  }
  const link = new Link(way, { timeoutMs, reconnect })
  signal?.addEventListener('abort', () => link.close(), { once: true, signal: link.closed })
  return link
}
