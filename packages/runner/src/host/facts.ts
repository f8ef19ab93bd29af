import { arch, availableParallelism, hostname, release, totalmem } from 'node:os'

import { findLayout } from '../cgroup/index.ts'
import { checkLauncher, launcherPath } from '../launch/native.ts'

/** What this host is, as far as it can be looked up: nothing is tried. */
export interface HostFacts {
  hostname: string
  /** Its release: `6.1.0-18-amd64`. */
  kernel: string
  /** As Node calls it: `x64`, `arm64`. */
  architecture: string
  /** Those that this process may use. */
  cpus: number
  memoryBytes: number
  /** `hybrid`: at least one controller that limits jobs is in a v1 hierarchy. */
  cgroupLayout: 'unified' | 'hybrid'
  /** The path of the program that starts jobs. */
  launcher: string
}

/**
 * Looks up what this host is.
 * @throws {CorralError} `CGROUP_UNAVAILABLE` when no cgroup v2 is mounted, `LAUNCHER_UNAVAILABLE` when it was not built.
 */
export async function readHostFacts(): Promise<HostFacts> {
  const [{ kind }] = await Promise.all([findLayout(), checkLauncher()])
  return {
    hostname: hostname(),
    kernel: release(),
    architecture: arch(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    cgroupLayout: kind,
    launcher: launcherPath(),
  }
}
