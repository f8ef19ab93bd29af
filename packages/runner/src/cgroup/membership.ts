import { readFile } from 'node:fs/promises'

/** The cgroups of a process, by hierarchy: `''` for v2, else the v1 controllers' names as mounted, `cpu,cpuacct`. */
export type Membership = ReadonlyMap<string, string>

/** Reads /proc/PID/cgroup (cgroups(7)). Paths are relative to the root of the reader's cgroup namespace. */
export async function readMembership(pid: number | 'self'): Promise<Membership> {
  return parseMembership(await readFile(`/proc/${pid}/cgroup`, 'utf8'))
}

/** Parses a /proc/PID/cgroup file. A cgroup that was removed under its process counts as unknown. */
export function parseMembership(text: string): Membership {
  const paths = new Map<string, string>()
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line)
    if (match && !match[2]!.endsWith(' (deleted)')) paths.set(match[1]!, match[2]!)
  }
  return paths
}
