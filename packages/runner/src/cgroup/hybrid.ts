import { type CheckedLimits, type IoMax, defaultPidsMax } from '../job/limits.ts'
import type { CgroupPlan, CgroupWrite, Controller, Place } from './contract.ts'
import { limitRefused } from './refusal.ts'
import { cpuShares, ioWeightValue } from './weight.ts'

/** The v1 files that a limit in v2 terms becomes, line by line. */
const throttleFiles = {
  rbps: 'blkio.throttle.read_bps_device',
  wbps: 'blkio.throttle.write_bps_device',
  riops: 'blkio.throttle.read_iops_device',
  wiops: 'blkio.throttle.write_iops_device',
} as const

type V1Plan = Omit<CgroupPlan, 'cgroup'>

/** What a job needs of the controllers that are in v1. */
export function planHybrid(place: Place, name: string, limits: CheckedLimits): V1Plan {
  const directories = new Set<string>()
  const joins = new Set<string>()
  const reads: { key: string; file: string }[] = []
  const writes: CgroupWrite[] = []
  const open = (controller: Controller): string | undefined => {
    const directory = v1Directory(place, controller, name)
    if (directory === undefined) return undefined
    directories.add(directory)
    // Not cgroup.procs, which would wait for all of the host's forks and exits (cgroup_procs_write_start()): 9 ms, not 30 µs.
    joins.add(`${directory}/tasks`)
    return directory
  }

  const memory = open('memory')
  if (memory !== undefined) {
    writes.push(...memoryWrites(place, memory, limits))
    for (const key of ['memory.max_usage_in_bytes', 'memory.oom_control']) reads.push({ key, file: `${memory}/${key}` })
  }
  const pids = open('pids')
  if (pids !== undefined) {
    const optional = limits.pidsMax === undefined
    writes.push({
      file: `${pids}/pids.max`,
      value: String(limits.pidsMax ?? defaultPidsMax),
      ...(optional && { optional }),
    })
    reads.push({ key: 'pids.peak', file: `${pids}/pids.peak` })
  }
  const io = open('io')
  if (io !== undefined) {
    writes.push(...ioWrites(place, io, limits))
    for (const key of throttleCounters) reads.push({ key, file: `${io}/${key}` })
  }
  const cpu = open('cpu')
  if (cpu !== undefined) {
    writes.push(...cpuWrites(cpu, limits))
    reads.push({ key: 'v1.cpu.stat', file: `${cpu}/cpu.stat` })
  }
  const cpuset = limits.cpusetCpus === undefined ? undefined : open('cpuset')
  // cpuset.mems is the parent's, by its cgroup.clone_children, see settle.
  if (cpuset !== undefined) writes.push({ file: `${cpuset}/cpuset.cpus`, value: limits.cpusetCpus! })
  return {
    directories: [...directories],
    writes,
    joins: [...joins],
    reads,
    ...(memory !== undefined && { oomGroup: memory }),
  }
}

const throttleCounters = ['blkio.throttle.io_service_bytes_recursive', 'blkio.throttle.io_serviced_recursive'] as const

/** A job's cgroup of a controller that is in v1. */
export function v1Directory(place: Place, controller: Controller, name: string): string | undefined {
  const found = place.controllers[controller]
  return found?.version === 1 ? `${found.directory}/${name}` : undefined
}

/** The memory limit before the one on memory and swap, which may not be smaller (cgroup-v1/memory.rst, 2.4). */
function memoryWrites(place: Place, directory: string, limits: CheckedLimits): CgroupWrite[] {
  const { memoryMaxBytes: memory, swapMaxBytes } = limits
  if (typeof memory !== 'number') {
    if (typeof swapMaxBytes !== 'number') return []
    throw limitRefused('swapMax', 'cgroup v1 limits swap only together with memory: give memoryMax too')
  }
  const writes: CgroupWrite[] = [{ file: `${directory}/memory.limit_in_bytes`, value: String(memory) }]
  const swap = swapMaxBytes ?? 0
  if (swap !== 'max' && place.inexpressible.swapMax === undefined) {
    const optional = swapMaxBytes === undefined
    writes.push({
      file: `${directory}/memory.memsw.limit_in_bytes`,
      value: String(memory + swap),
      ...(optional && { optional }),
    })
  }
  return writes
}

/** The period first: a quota that is none fits any. */
export function cpuWrites(directory: string, { cpuMax, cpuWeight }: CheckedLimits): CgroupWrite[] {
  const writes: CgroupWrite[] = []
  if (cpuMax) {
    const quota = cpuMax.quotaUs === 'max' ? -1 : cpuMax.quotaUs
    writes.push({ file: `${directory}/cpu.cfs_period_us`, value: String(cpuMax.periodUs) })
    writes.push({ file: `${directory}/cpu.cfs_quota_us`, value: String(quota) })
  }
  if (cpuWeight !== undefined) writes.push({ file: `${directory}/cpu.shares`, value: String(cpuShares(cpuWeight)) })
  return writes
}

/** In v1 a throttle of 0 is none. */
export function ioWrites(place: Place, directory: string, { ioMax, ioWeight }: CheckedLimits): CgroupWrite[] {
  const writes = (ioMax ?? []).flatMap(({ device, ...limits }: IoMax) =>
    Object.entries(limits).map(([key, value]) => ({
      file: `${directory}/${throttleFiles[key as keyof typeof throttleFiles]}`,
      value: `${device} ${value === 'max' ? 0 : value}`,
    })),
  )
  if (ioWeight === undefined) return writes
  const file = `${directory}/${place.ioWeightFile ?? 'blkio.bfq.weight'}`
  return [...writes, { file, value: String(ioWeightValue(place, ioWeight)) }]
}
