import type { Command } from 'commander'

import { copyCollected } from '../collected/copy.ts'
import { doing, isLive } from '../jobs/status.ts'
import { resolveName } from '../names/resolve.ts'
import { UsageError } from '../outcome/usage-error.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

export function define(command: Command): void {
  command
    .description(
      "Copies what was collected from a job that has ended ('corral run --collect') to a place of ours:\n" +
        'into a folder that is there, else as what is named.',
    )
    .argument('<name:path>', 'the job, and a path in it: absolute, or relative to its working directory')
    .argument('[destination]', 'where to', '.')
  addWhere(command).addHelpText('after', epilogue)
}

export async function act([from, destination = '.']: string[], options: WhereOptions): Promise<number> {
  const { typed, path } = splitSource(from!)
  await withRunner(options, async (runner, daemon) => {
    const job = await runner.inspect(await resolveName(runner, typed))
    if (isLive(job)) throw new UsageError(`${job.name} is ${doing(job)}: 'corral wait ${job.name}' first`)
    await copyCollected(job, path, destination, daemon)
  })
  return 0
}

/** A job's name may hold colons, a path too: the path begins behind the first colon before a slash, else behind the last. */
function splitSource(text: string): { typed: string; path: string } {
  const absolute = text.indexOf(':/')
  const at = absolute < 0 ? text.lastIndexOf(':') : absolute
  if (at < 1 || at === text.length - 1) throw new UsageError(`'${text}' is no NAME:PATH`)
  return { typed: text.slice(0, at), path: text.slice(at + 1) }
}

const epilogue = `
Examples:
  $ corral cp web:/run/report.html .
  $ corral cp build:dist ./dist
  $ corral cp job.1f:out/result.json /tmp/result.json`
