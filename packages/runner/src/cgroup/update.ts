import { readFile, writeFile } from 'node:fs/promises'

import { fileError } from '../errors/errno.ts'
import type { Limits } from '../job/config.ts'
import { type CheckedLimits, checkLimits } from '../job/limits.ts'
import type { CgroupWrite, Place } from './contract.ts'
import { cpuWrites, ioWrites, v1Directory } from './hybrid.ts'
import { limitRefused, refuseMissing } from './refusal.ts'
import { unifiedWrites } from './unified.ts'

/**
 * Changes limits of a job that runs; those that are not given stay.
 * @throws {InvalidOptionError}
 * @throws {CorralError} `LIMIT_REFUSED`, with the file and errno when it was the kernel that refused.
 */
export async function applyUpdate(place: Place, name: string, limits: Limits): Promise<void> {
  const checked = await checkLimits(limits)
  const writes = await planUpdate(place, name, checked)
  for (const { file, value, optional } of writes) {
    try {
      await writeFile(file, value, { flag: 'r+' })
    } catch (error) {
      if (optional && (error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw fileError('LIMIT_REFUSED', `write '${value}' to ${file}`, error, file)
    }
  }
}

/** The writes that change limits of a job that runs, in an order in which each is valid when its turn comes. */
export async function planUpdate(place: Place, name: string, limits: CheckedLimits): Promise<CgroupWrite[]> {
  refuseMissing(place, limits)
  const cgroup = `${place.tracking}/${name}`
  const writes = unifiedWrites(place, cgroup, await withSwap(place, cgroup, limits), limits)
  const memory = v1Directory(place, 'memory', name)
  if (memory !== undefined) writes.push(...(await v1MemoryWrites(place, memory, limits)))
  const pids = v1Directory(place, 'pids', name)
  if (pids !== undefined && limits.pidsMax !== undefined) {
    writes.push({ file: `${pids}/pids.max`, value: String(limits.pidsMax) })
  }
  const io = v1Directory(place, 'io', name)
  if (io !== undefined) writes.push(...ioWrites(place, io, limits))
  const cpu = v1Directory(place, 'cpu', name)
  if (cpu !== undefined) writes.push(...v1CpuWrites(cpu, limits))
  if (limits.cpusetCpus !== undefined && place.controllers.cpuset?.version === 1)
    await updateCpuset(place, name, limits, writes)
  return writes
}

/** A job that was not limited in memory may swap; when it gets a limit, the default is again that it may not. */
async function withSwap(place: Place, cgroup: string, limits: CheckedLimits): Promise<CheckedLimits> {
  const limited = typeof limits.memoryMaxBytes === 'number' && limits.swapMaxBytes === undefined
  if (!limited || place.controllers.memory?.version !== 2) return limits
  return (await readLimit(`${cgroup}/memory.max`)) === 'max' ? { ...limits, swapMaxBytes: 0 } : limits
}

/**
 * v1 limits memory, and memory and swap together, where the latter may never be the smaller (cgroup-v1/memory.rst, 2.4):
 * when both rise the sum goes first, when both fall it goes last.
 */
async function v1MemoryWrites(place: Place, directory: string, limits: CheckedLimits): Promise<CgroupWrite[]> {
  if (limits.memoryMaxBytes === undefined && limits.swapMaxBytes === undefined) return []
  const files = { memory: `${directory}/memory.limit_in_bytes`, sum: `${directory}/memory.memsw.limit_in_bytes` }
  const oldMemory = await readLimit(files.memory)
  const memory = limits.memoryMaxBytes ?? oldMemory
  const memoryWrite = { file: files.memory, value: formatLimit(memory) }
  if (place.inexpressible.swapMax !== undefined) return [memoryWrite]
  const oldSum = await readLimit(files.sum)
  const swap = limits.swapMaxBytes ?? oldSwap(oldMemory, oldSum)
  if (memory === 'max' && typeof swap === 'number' && limits.swapMaxBytes !== undefined) {
    throw limitRefused('swapMax', 'cgroup v1 limits swap only together with memory: give memoryMax too')
  }
  const sum = memory === 'max' || swap === 'max' ? 'max' : memory + swap
  const sumWrite = { file: files.sum, value: formatLimit(sum) }
  return rank(sum) >= rank(oldSum) ? [sumWrite, memoryWrite] : [memoryWrite, sumWrite]
}

/** The swap that a job has been allowed so far; none when it had no limit and is getting its first. */
function oldSwap(memory: number | 'max', sum: number | 'max'): number | 'max' {
  if (memory === 'max') return 0
  return sum === 'max' ? 'max' : sum - memory
}

/** The quota is lifted first: old quota and new period together might be more than the parent's share allows. */
function v1CpuWrites(directory: string, limits: CheckedLimits): CgroupWrite[] {
  const lift = { file: `${directory}/cpu.cfs_quota_us`, value: '-1' }
  return limits.cpuMax ? [lift, ...cpuWrites(directory, limits)] : cpuWrites(directory, limits)
}

async function updateCpuset(place: Place, name: string, limits: CheckedLimits, writes: CgroupWrite[]): Promise<void> {
  const file = `${v1Directory(place, 'cpuset', name)}/cpuset.cpus`
  const there = await readFile(file).then(
    () => true,
    () => false,
  )
  if (!there)
    throw limitRefused('cpusetCpus', 'on cgroup v1 a job that was started without it cannot be given it later')
  writes.push({ file, value: limits.cpusetCpus! })
}

/** Unlimited in v1 is the largest number of whole pages, about 2^63. */
async function readLimit(file: string): Promise<number | 'max'> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fileError('CONTROL_FAILED', `read ${file}`, error)
  })
  const value = Number(text)
  return value < 2 ** 62 ? value : 'max'
}

function formatLimit(limit: number | 'max'): string {
  return limit === 'max' ? '-1' : String(limit)
}

function rank(limit: number | 'max'): number {
  return limit === 'max' ? Infinity : limit
}
