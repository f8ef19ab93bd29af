import { readFile } from 'node:fs/promises'
import { isIPv4, isIPv6 } from 'node:net'

/** Where a job with a private network is, and what is beside it. IPv6: of a prefix made up for this (RFC 4193). */
export const jobAddresses = {
  address: { 4: '10.0.2.100', 6: 'fd5c:a1e0:77b2::100' },
  gateway: { 4: '10.0.2.2', 6: 'fd5c:a1e0:77b2::2' },
  resolver: { 4: '10.0.2.3', 6: 'fd5c:a1e0:77b2::3' },
  prefix: { 4: 24, 6: 64 },
} as const

/** How a job resolves names. */
export interface Resolver {
  /** What pasta passes on to the host's first name server of the same family. */
  address: string
  /** The job's resolv.conf. */
  text: string
}

/** The job's resolver; null when the host has no name server to pass questions on to. */
export async function findResolver(file = '/etc/resolv.conf'): Promise<Resolver | null> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n')
  const servers = lines.flatMap((line) => /^\s*nameserver\s+([^\s%]+)/.exec(line)?.[1] ?? [])
  const family = servers.some(isIPv4) ? 4 : servers.some(isIPv6) ? 6 : undefined
  if (family === undefined) return null
  const kept = lines.filter((line) => /^\s*(?:search|domain|options)\s/.test(line))
  const address = jobAddresses.resolver[family]
  return { address, text: [`nameserver ${address}`, ...kept, ''].join('\n') }
}
