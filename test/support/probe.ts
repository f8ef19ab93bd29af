import { readlinkSync } from 'node:fs'

import type { CgroupRunner, JobConfig } from '@corral/runner'
import { runJob } from './jobs.ts'
import { program } from './programs.ts'

export const namespaceNames = ['pid', 'mnt', 'net', 'ipc', 'uts', 'cgroup', 'user', 'time'] as const

/** What fixtures/probe.c prints of itself. */
export interface Probe {
  pid: number
  ppid: number
  session: number
  processGroup: number
  uid: number
  euid: number
  gid: number
  egid: number
  groups: number[]
  umask: number
  cwd: string
  dumpable: number
  arguments: string[]
  environment: string[]
  namespaces: Record<(typeof namespaceNames)[number], string>
  descriptors: { fd: number; flags: number; target: string }[]
  cgroup: string
  status: string
  oomScoreAdj: string
  processes: number[]
  interfaces: string[]
  loopback: string
  outside: string
  initPtrace: string
  initDescriptor: string
  initEnvironment: string
  initMemory: string
  initFolder: string
  initRoot: string
  initNamespace: string
}

/** Runs the probe as a job. */
export async function probe(runner: CgroupRunner, config: Partial<JobConfig> = {}): Promise<Probe> {
  const { output, status } = await runJob(runner, { command: [program('probe')], ...config })
  if (status.exitStatus !== 0) throw new Error(`the probe has failed (${status.state}): ${output}`)
  return JSON.parse(output) as Probe
}

/** A line of proc_pid_status(5). */
export function statusField({ status }: Probe, key: string): string | undefined {
  return new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(status)?.[1]
}

/** A namespace of this process. */
export function ownNamespace(name: string): string {
  return readlinkSync(`/proc/self/ns/${name}`)
}
