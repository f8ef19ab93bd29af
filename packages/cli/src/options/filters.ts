import type { ManagedState } from '@corral/api'

import { UsageError } from '../outcome/usage-error.ts'

/** What jobs are to be listed. */
export interface Filters {
  /** All of these labels with these values. */
  labels: Record<string, string>
  /** All of these labels, whatever their values. */
  keys: string[]
  /** Any of these states; empty: any at all. */
  states: Set<ManagedState>
}

const states = [
  'active',
  'exited',
  'signaled',
  'oom',
  'timed-out',
  'stopped',
  'lost',
  'queued',
  'restarting',
  'failed',
] as const satisfies readonly ManagedState[]

/**
 * Reads `label=KEY`, `label=KEY=VALUE` and `state=STATE`.
 * @throws {UsageError} for anything else.
 */
export function parseFilters(filters: readonly string[]): Filters {
  const result: Filters = { labels: {}, keys: [], states: new Set() }
  for (const filter of filters) {
    const [kind, key, value] = splitFilter(filter)
    if (kind === 'label' && key !== '' && value === undefined) result.keys.push(key)
    else if (kind === 'label' && key !== '') result.labels[key] = value!
    else if (kind === 'state') result.states.add(checkState(filter.slice('state='.length)))
    else
      throw new UsageError(`--filter '${filter}' is not understood; accepted: label=KEY, label=KEY=VALUE, state=STATE`)
  }
  return result
}

function splitFilter(filter: string): [kind: string, key: string, value: string | undefined] {
  const [kind = '', key = '', ...rest] = filter.split('=')
  return [kind, key, rest.length === 0 ? undefined : rest.join('=')]
}

function checkState(text: string): ManagedState {
  const state = states.find((known) => known === text)
  if (state === undefined) throw new UsageError(`there is no state '${text}'; accepted: ${states.join(', ')}`)
  return state
}
