import { type CheckedLimits, type IoMax, defaultPidsMax } from '../job/limits.ts'
import type { CgroupPlan, CgroupWrite, Controller, Place } from './contract.ts'
import { ioWeightValue } from './weight.ts'

/** What a job needs of the controllers that are in v2; its tracking cgroup is there in any case. */
export function planUnified(place: Place, cgroup: string, limits: CheckedLimits): Pick<CgroupPlan, 'writes' | 'reads'> {
  // Counted for every v2 cgroup, whether or not there is a cpu controller (cgroup-v2.rst, "CPU Interface Files").
  const reads = [{ key: 'cpu.stat', file: `${cgroup}/cpu.stat` }]
  const read = (key: string): void => void reads.push({ key, file: `${cgroup}/${key}` })
  if (inV2(place, 'memory')) for (const key of ['memory.peak', 'memory.events']) read(key)
  if (inV2(place, 'io')) read('io.stat')
  if (inV2(place, 'pids')) read('pids.peak')
  return { writes: unifiedWrites(place, cgroup, withDefaults(limits), limits), reads }
}

/** What a job that is being started gets when its owner did not say. */
function withDefaults(limits: CheckedLimits): CheckedLimits {
  const swap = typeof limits.memoryMaxBytes === 'number' && limits.swapMaxBytes === undefined
  return { pidsMax: defaultPidsMax, ...(swap && { swapMaxBytes: 0 }), ...limits }
}

/** The v2 files of limits; those that are not in `given` are defaults of ours. */
export function unifiedWrites(
  place: Place,
  cgroup: string,
  limits: CheckedLimits,
  given: CheckedLimits,
): CgroupWrite[] {
  const writes: CgroupWrite[] = []
  const write = (name: string, value: string | number | undefined, optional = false): void => {
    if (value === undefined) return
    writes.push({ file: `${cgroup}/${name}`, value: String(value), ...(optional && { optional }) })
  }
  const { cpuMax, memoryMaxBytes, ioMax, ioWeight } = limits
  if (inV2(place, 'cpu')) {
    if (cpuMax) write('cpu.max', `${cpuMax.quotaUs} ${cpuMax.periodUs}`)
    write('cpu.weight', limits.cpuWeight)
  }
  if (inV2(place, 'cpuset')) write('cpuset.cpus', limits.cpusetCpus)
  if (inV2(place, 'memory')) {
    // The swap limit first: nothing of the job may have been swapped out when memory.max begins to hold.
    write('memory.swap.max', limits.swapMaxBytes, given.swapMaxBytes === undefined)
    write('memory.high', limits.memoryHighBytes)
    write('memory.max', memoryMaxBytes)
    write('memory.oom.group', 1, true)
  }
  if (inV2(place, 'io')) {
    for (const line of ioMax ?? []) write('io.max', formatIoMax(line))
    if (ioWeight !== undefined) write(place.ioWeightFile ?? 'io.weight', ioWeightValue(place, ioWeight))
  }
  if (inV2(place, 'pids')) write('pids.max', limits.pidsMax, given.pidsMax === undefined)
  return writes
}

function formatIoMax({ device, ...limits }: IoMax): string {
  return [device, ...Object.entries(limits).map(([key, value]) => `${key}=${value}`)].join(' ')
}

function inV2(place: Place, controller: Controller): boolean {
  return place.controllers[controller]?.version === 2
}
