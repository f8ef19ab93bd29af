import type { CheckedLimits } from '../job/limits.ts'
import type { CgroupPlan, NoPlace, Place } from './contract.ts'
import { planHybrid } from './hybrid.ts'
import { refuseMissing } from './refusal.ts'
import { planUnified } from './unified.ts'

/**
 * What is to be done to the cgroup file system for one job. Pure, and quick: it is on the way of every start.
 * @throws {CorralError} `LIMIT_REFUSED` when a limit cannot be expressed here, with the reason and what would help.
 */
export function planJob(place: Place, name: string, limits: CheckedLimits): CgroupPlan {
  refuseMissing(place, limits)
  const cgroup = `${place.tracking}/${name}`
  const unified = planUnified(place, cgroup, limits)
  if (place.layout === 'unified') return { cgroup, directories: [cgroup], joins: [], ...unified }
  const hybrid = planHybrid(place, name, limits)
  return {
    cgroup,
    directories: [cgroup, ...hybrid.directories],
    writes: [...unified.writes, ...hybrid.writes],
    joins: hybrid.joins,
    reads: [...unified.reads, ...hybrid.reads],
    ...(hybrid.oomGroup !== undefined && { oomGroup: hybrid.oomGroup }),
  }
}

/** The cgroups of a job by its name alone, the tracking one first: also those it may not have. */
export function jobDirectories(place: Place | NoPlace, name: string): string[] {
  if (place.mode === 'none') return []
  const parents = Object.values(place.controllers).map(({ directory }) => directory)
  return [...new Set([place.tracking, ...parents])].map((parent) => `${parent}/${name}`)
}
