import { InvalidOptionError } from '@corral/runner/errors'

import { bytesOf } from './amounts.ts'

/** Limits of each disk, by the text that names it. */
type IoLimits = ReadonlyMap<string, Readonly<Record<string, string>>>

/** Whether limits go beyond others, or name a disk that these do not: two names may mean one disk. */
export function exceedsIo(option: string, value: unknown, max: unknown): boolean {
  const most = parseIo(option, max)
  return [...parseIo(option, value)].some(([device, rates]) => {
    const bounds = most.get(device)
    const amount = (rate = 'max') => bytesOf(option, rate)
    return !bounds || Object.entries(rates).some(([key, rate]) => amount(rate) > amount(bounds[key]))
  })
}

/** Limits with all that is missing of others. */
export function completeIo(option: string, value: unknown, max: unknown): string[] {
  const given = parseIo(option, value)
  const lines = [...parseIo(option, max)].map(
    ([device, rates]) => [device, { ...rates, ...given.get(device) }] as const,
  )
  return lines.map(([device, rates]) =>
    [device, ...Object.entries(rates).map(([key, rate]) => `${key}=${rate}`)].join(' '),
  )
}

/** Lines of `io.max`, as the library takes them. */
function parseIo(option: string, value: unknown): IoLimits {
  const lines = [value].flat().flatMap((text) => String(text).split('\n'))
  const limits = new Map<string, Record<string, string>>()
  for (const line of lines.map((each) => each.trim()).filter((each) => each !== '')) {
    const match = /^(.+?)((?:\s+[rw](?:bps|iops)=\S+)+)$/.exec(line)
    if (!match) throw new InvalidOptionError(option, value, "lines of 'DEV rbps=N wbps=N riops=N wiops=N'")
    const rates = match[2]!.trim().split(/\s+/)
    const pairs = rates.map((pair) => pair.split('=') as [string, string])
    limits.set(match[1]!, { ...limits.get(match[1]!), ...Object.fromEntries(pairs) })
  }
  return limits
}
