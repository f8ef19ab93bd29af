import { InvalidOptionError } from '../errors/mistakes.ts'

/** All capabilities, by their numbers (linux/capability.h, Linux 6.18). */
const names = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const

/** A capability by its name (capabilities(7)). */
export type Capability = (typeof names)[number]

/**
 * What Docker leaves a container, but for CAP_MKNOD: there a job's root file system is an image, here it may be the
 * host's, where a node that was made would stay.
 */
export const defaultCapabilities: readonly Capability[] = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
]

/** A root job that kept CAP_SYS_PTRACE could trace init, its own PID 1; without it, ptrace(2) still works on its own processes. */
export const tamedCapabilities: readonly Capability[] = names.filter((name) => name !== 'CAP_SYS_PTRACE')

/** The mask of capabilities as one number, as the start frame has it. */
export function capabilityMask(capabilities: readonly Capability[]): bigint {
  return capabilities.reduce((mask, name) => mask | (1n << BigInt(names.indexOf(name))), 0n)
}

/** The number of a capability by its name; undefined: there is none of that name. */
export function capabilityNumber(name: string): number | undefined {
  const number = (names as readonly string[]).indexOf(name)
  return number === -1 ? undefined : number
}

/** Their numbers. */
export function capabilityNumbers(capabilities: readonly Capability[]): number[] {
  return capabilities.map((name) => names.indexOf(name))
}

/** Checks a list of capabilities. */
export function checkCapabilities(option: string, value: unknown): Capability[] {
  if (!Array.isArray(value)) throw new InvalidOptionError(option, value, "an array of names such as 'CAP_NET_RAW'")
  return [...new Set(value.map((name: unknown, index) => checkCapability(`${option}[${index}]`, name)))]
}

function checkCapability(option: string, name: unknown): Capability {
  if (name === 'CAP_SYS_PTRACE') {
    throw new InvalidOptionError(option, name, 'any other: with it a job could trace what supervises it')
  }
  if (names.includes(name as Capability)) return name as Capability
  throw new InvalidOptionError(option, name, "a name of capabilities(7), such as 'CAP_NET_RAW'")
}
