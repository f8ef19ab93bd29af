import { readFile } from 'node:fs/promises'

/** What this process may do that a mount list depends on. */
export interface HostFacts {
  /** Device nodes can be made: CAP_MKNOD in the first user namespace (mknod(2)). */
  canMakeNodes: boolean
}

const capMknod = 27

let facts: Promise<HostFacts> | undefined

/** The facts, asked for once. */
export function hostFacts(): Promise<HostFacts> {
  return (facts ??= findFacts())
}

async function findFacts(): Promise<HostFacts> {
  const [status, uidMap] = await Promise.all([read('/proc/self/status'), read('/proc/self/uid_map')])
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  const isFirst = /^\s*0\s+0\s+4294967295\s*$/.test(uidMap)
  return { canMakeNodes: isFirst && (effective & (1n << BigInt(capMknod))) !== 0n }
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
