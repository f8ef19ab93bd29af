import { writeOut } from '../streams/stdout.ts'
import { formatBytes } from '../text/bytes.ts'
import { shortName } from '../text/job-name.ts'
import { formatList, type ListFormat } from '../text/json.ts'
import { formatTable } from '../text/table.ts'
import { type Sample, Sampler } from './sampler.ts'
import type { JobUsage } from './usage.ts'

/** How samples are printed. */
export type StatsFormat = 'table' | ListFormat

/** Prints samples once. */
export async function printStats(samples: readonly Sample[], format: StatsFormat): Promise<void> {
  await writeOut(format === 'table' ? `${formatSamples(samples).join('\n')}\n` : formatList(samples, format))
}

/**
 * Prints samples of what jobs use as often as that is told: on a terminal over the last ones, elsewhere below them. Where
 * no job runs, `hasEnded` says whether that is all.
 */
export async function watchStats(
  usage: AsyncIterable<readonly JobUsage[]>,
  format: StatsFormat,
  hasEnded: () => Promise<boolean>,
): Promise<void> {
  const redraw = format === 'table' && process.stdout.isTTY
  const sampler = new Sampler()
  let drawn = 0
  for await (const jobs of usage) {
    const samples = sampler.sample(jobs)
    if (samples.length === 0 && (await hasEnded())) return
    if (redraw) drawn = await draw(formatSamples(samples), drawn)
    else if (format === 'table') drawn = await append(formatSamples(samples), drawn)
    else await printStats(samples, format)
  }
}

/** Draws a table over one of so many lines; gives the number of lines it has. */
async function draw(lines: readonly string[], drawn: number): Promise<number> {
  const { rows = 24, columns = 80 } = process.stdout
  const fitting = lines.slice(0, rows - 1).map((line) => line.slice(0, columns))
  const up = drawn === 0 ? '' : `\u001B[${drawn}A`
  await writeOut(`${up}\u001B[J${fitting.join('\n')}\n`)
  return fitting.length
}

/** Prints a table below what has been printed; its header only the first time. */
async function append(lines: readonly string[], printed: number): Promise<number> {
  const rows = printed === 0 ? lines : lines.slice(1)
  await writeOut(rows.map((row) => `${row}\n`).join(''))
  return printed + rows.length
}

const header = ['NAME', 'CPU %', 'HELD BACK', 'MEMORY', 'LIMIT', 'PEAK', 'READ', 'WRITTEN', 'PROCESSES']

/** Samples as the lines of a table. */
export function formatSamples(samples: readonly Sample[]): string[] {
  const rows = samples.map((sample) => [
    shortName(sample.name),
    sample.cpuPercent.toFixed(1),
    sample.throttledPercent === null ? '-' : `${sample.throttledPercent.toFixed(0)} %`,
    bytes(sample.memoryBytes),
    bytes(sample.memoryMaxBytes),
    bytes(sample.memoryPeakBytes),
    bytes(sample.ioReadBytes),
    bytes(sample.ioWriteBytes),
    sample.pids?.toString() ?? '-',
  ])
  return formatTable(header, rows, [1, 2, 3, 4, 5, 6, 7, 8])
}

function bytes(value: number | null): string {
  return value === null ? '-' : formatBytes(value)
}
