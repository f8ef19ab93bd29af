import { release } from 'node:os'

import type { Kernel } from './filter.ts'

/** A version as uname(2) and profiles have it: `6.1.0-13-amd64`, `4.8`. */
export function parseKernel(text: string): Kernel | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? []
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) }
}

/** The kernel that runs. */
export function runningKernel(): Kernel {
  return parseKernel(release())!
}

export function isAtLeast(kernel: Kernel, min: Kernel): boolean {
  return kernel.major > min.major || (kernel.major === min.major && kernel.minor >= min.minor)
}
