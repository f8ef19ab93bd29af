import type { Runner } from '@corral/client'
import type { HostFacts, JobState } from '@corral/runner'

import { readVersion } from '../program.ts'

/** What runs jobs here. */
export interface HereInfo extends HostFacts {
  version: string
  storageRoot: string
  /** How many jobs are in each state; states that none is in are absent. */
  jobs: Partial<Record<JobState, number>>
}

/** Looks up what runs jobs here; nothing is tried. */
export async function readHere(runner: Pick<Runner, 'list' | 'storageRoot'>): Promise<HereInfo> {
  const { readHostFacts } = await import('@corral/runner')
  const [facts, jobs] = await Promise.all([readHostFacts(), runner.list()])
  const byState = Map.groupBy(jobs, ({ state }) => state)
  return {
    version: readVersion(),
    storageRoot: runner.storageRoot,
    jobs: Object.fromEntries([...byState].map(([state, all]) => [state, all.length])),
    ...facts,
  }
}
