import type { ManagedJob } from '../job.ts'
import type { StartOrder } from '../contract.ts'
import type { JobRegistry } from '../registry.ts'
import { DaemonError } from '../../errors.ts'

/** A start that is under way. */
interface Pending {
  fingerprint: string
  job: Promise<ManagedJob>
}

/** Starts that were asked for by an id: the second one gives the job of the first, also while that is under way. */
export class Requests {
  readonly #registry: JobRegistry
  readonly #pending = new Map<string, Pending>()

  constructor(registry: JobRegistry) {
    this.#registry = registry
  }

  /**
   * The job of an order: made now, or there already.
   * @throws {DaemonError} `REQUEST_ID_REUSED` when the id was that of another order.
   */
  async once(order: StartOrder, fingerprint: string, start: () => Promise<ManagedJob>): Promise<ManagedJob> {
    const { owner, requestId } = order
    if (requestId === undefined) return start()
    const key = `${owner}\0${requestId}`
    const pending = this.#pending.get(key)
    const known = this.#registry.ofRequest(owner, requestId)
    const former = pending?.fingerprint ?? known?.record.fingerprint
    if (former !== undefined && former !== fingerprint) throw reused(requestId)
    if (pending) return pending.job
    if (known) return known
    const job = start().finally(() => this.#pending.delete(key))
    this.#pending.set(key, { fingerprint, job })
    return job
  }
}

function reused(requestId: string): DaemonError {
  const message = `the request id ${JSON.stringify(requestId)} was that of a start of something else: choose a new one`
  return new DaemonError('REQUEST_ID_REUSED', message, { requestId })
}
