const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of `500ms`, `30s`, `1.5m`, `2h`, `1d` or a bare number of seconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim())
  if (!match) return undefined
  const unit = (match[2] ?? 's') as keyof typeof unitMs
  return Math.round(Number(match[1]) * unitMs[unit])
}

/** A time as people say it, in at most two units: `350ms`, `2.4s`, `3m 10s`, `2h 5m`, `4d 1h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${Math.floor(ms / 100) / 10}s`
  if (ms < 3_600_000) return twoUnits(ms, 'm', 's')
  return ms < 86_400_000 ? twoUnits(ms, 'h', 'm') : twoUnits(ms, 'd', 'h')
}

function twoUnits(ms: number, large: keyof typeof unitMs, small: keyof typeof unitMs): string {
  const count = Math.floor(ms / unitMs[large])
  const rest = Math.floor((ms % unitMs[large]) / unitMs[small])
  return rest === 0 ? `${count}${large}` : `${count}${large} ${rest}${small}`
}
