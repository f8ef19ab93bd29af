import type { ManagedAttempt, ManagedEvent, ManagedSummary } from '@corral/api'

/** An event as it is written down: whose job it is, and what happened. */
export interface Entry {
  owner: string
  event: ManagedEvent
}

/** One line of the journal. */
export function encodeEntry(entry: Entry): string {
  return `${JSON.stringify(entry)}\n`
}

/** Undefined: the line is damaged. */
export function decodeEntry(line: string): Entry | undefined {
  try {
    const { owner, event } = JSON.parse(line) as Entry
    return typeof owner === 'string' && typeof event.name === 'string'
      ? { owner, event: reviveEvent(event) }
      : undefined
  } catch {
    return undefined
  }
}

function reviveEvent(event: ManagedEvent): ManagedEvent {
  const at = toDate(event.at)
  return 'status' in event ? { ...event, at, status: reviveSummary(event.status) } : { ...event, at }
}

function reviveSummary(status: ManagedSummary): ManagedSummary {
  return {
    ...status,
    createdAt: toDate(status.createdAt),
    startedAt: toDate(status.startedAt),
    finishedAt: toDate(status.finishedAt),
    restartAt: toDate(status.restartAt),
    attempts: status.attempts.map(reviveAttempt),
  }
}

function reviveAttempt(attempt: ManagedAttempt): ManagedAttempt {
  return { ...attempt, startedAt: toDate(attempt.startedAt), finishedAt: toDate(attempt.finishedAt) }
}

function toDate<T extends Date | null>(text: T): T {
  return (text === null ? null : new Date(text)) as T
}
