import { JobNotFoundError } from '@corral/runner'

import type { ManagedJob } from './job.ts'

/** The jobs that there are, by name, by the library's names of their attempts, and by request id. */
export class JobRegistry {
  readonly #storageRoot: string
  readonly #jobs = new Map<string, ManagedJob>()
  readonly #byAttempt = new Map<string, ManagedJob>()
  readonly #byRequest = new Map<string, ManagedJob>()
  #sorted: readonly ManagedJob[] | undefined

  constructor(storageRoot: string) {
    this.#storageRoot = storageRoot
  }

  add(job: ManagedJob): void {
    this.#jobs.set(job.name, job)
    const { owner, requestId } = job.record
    if (requestId !== null) this.#byRequest.set(requestKey(owner, requestId), job)
    this.#sorted = undefined
  }

  delete(job: ManagedJob): void {
    this.#jobs.delete(job.name)
    const { owner, requestId } = job.record
    if (requestId !== null) this.#byRequest.delete(requestKey(owner, requestId))
    for (const name of this.attemptsOf(job)) this.release(name)
    this.#sorted = undefined
  }

  /** Nobody knows of it until it is shown. */
  show(job: ManagedJob): void {
    job.visible = true
    this.#sorted = undefined
  }

  /** It is being removed: its name is in use still. */
  hide(job: ManagedJob): void {
    job.visible = false
    this.#sorted = undefined
  }

  /** Whether a name is in use, also by a job that nobody knows of yet. */
  has(name: string): boolean {
    return this.#jobs.has(name)
  }

  find(name: string): ManagedJob | undefined {
    const job = this.#jobs.get(name)
    return job?.visible ? job : undefined
  }

  /** @throws {JobNotFoundError} */
  get(name: string): ManagedJob {
    const job = this.find(name)
    if (job) return job
    throw new JobNotFoundError(name, this.#storageRoot)
  }

  ofRequest(owner: string, requestId: string): ManagedJob | undefined {
    return this.#byRequest.get(requestKey(owner, requestId))
  }

  /** Whose attempt the library's job of this name is. */
  ofAttempt(name: string): ManagedJob | undefined {
    return this.#byAttempt.get(name)
  }

  claim(attempt: string, job: ManagedJob): void {
    this.#byAttempt.set(attempt, job)
  }

  release(attempt: string): void {
    this.#byAttempt.delete(attempt)
  }

  /** The library's names of a job's attempts that may be there. */
  attemptsOf(job: ManagedJob): string[] {
    const kept = job.record.attempts.filter(({ kept }) => kept).map(({ number }) => job.nameOf(number))
    return job.currentName === undefined ? kept : [...kept, job.currentName]
  }

  /** All that are known, by name. */
  get sorted(): readonly ManagedJob[] {
    this.#sorted ??= [...this.#jobs.values()]
      .filter(({ visible }) => visible)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    return this.#sorted
  }
}

function requestKey(owner: string, requestId: string): string {
  return `${owner}\0${requestId}`
}
