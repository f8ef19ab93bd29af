import type { ManagedEvent } from '@corral/api'

import type { Journal } from '../journal/journal.ts'

/** What has been told of jobs before this daemon came, so that nothing is told twice. */
export class ToldEvents {
  /** Of jobs whose removal has not been told: whose they are, and marks of what has been told. */
  readonly #jobs = new Map<string, { owner: string; marks: Set<string> }>()
  /** What happened before may have been told, and no longer be in the journal. */
  #since = -Infinity

  static async read(journal: Journal): Promise<ToldEvents> {
    const told = new ToldEvents()
    for await (const { owner, event } of journal.all()) {
      if (journal.isCut && told.#since === -Infinity) told.#since = event.at.getTime()
      told.#note(owner, event)
    }
    return told
  }

  /** Whether an event has been told, as far as anybody knows. */
  has(event: ManagedEvent): boolean {
    return event.at.getTime() < this.#since || (this.#jobs.get(event.name)?.marks.has(markOf(event)) ?? false)
  }

  /** Jobs that were told of, and whose removal was not, with their owners. */
  get names(): ReadonlyMap<string, { owner: string }> {
    return this.#jobs
  }

  #note(owner: string, event: ManagedEvent): void {
    if (event.type === 'removed') {
      this.#jobs.delete(event.name)
      return
    }
    const job = this.#jobs.get(event.name) ?? { owner, marks: new Set<string>() }
    this.#jobs.set(event.name, { owner, marks: job.marks.add(markOf(event)) })
  }
}

/** What tells an event from others of its job. */
function markOf({ type, at }: ManagedEvent): string {
  return `${type} ${at.getTime()}`
}
