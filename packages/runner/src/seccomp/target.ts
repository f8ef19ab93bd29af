import { aarch64 } from './tables/aarch64.ts'
import type { SyscallTable } from './tables/table.ts'
import { x86_64 } from './tables/x86_64.ts'
import type { Kernel } from './filter.ts'

/** Whom a filter is for. */
export interface Target {
  arch: Architecture
  /** The job's capabilities, by number (linux/capability.h). */
  capabilities: readonly number[]
  kernel: Kernel
}

/** As uname(2) has it. */
export type Architecture = 'x86_64' | 'aarch64'

/** What a filter must know of an architecture. */
export interface Machine {
  table: SyscallTable
  /** As Go, and so profiles' conditions, call it. */
  goName: string
  /** Set in the numbers of another ABI with the same `seccomp_data.arch`: x32 (__X32_SYSCALL_BIT, asm/unistd.h). */
  foreignBit: number | null
}

export const machines: Readonly<Record<Architecture, Machine>> = {
  x86_64: { table: x86_64, goName: 'amd64', foreignBit: 0x40000000 },
  aarch64: { table: aarch64, goName: 'arm64', foreignBit: null },
}

/** This process's architecture; undefined: there is no table for it. */
export function ownArchitecture(): Architecture | undefined {
  if (process.arch === 'x64') return 'x86_64'
  return process.arch === 'arm64' ? 'aarch64' : undefined
}
