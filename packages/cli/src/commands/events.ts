import type { ManagedEvent } from '@corral/api'
import type { JobEvent } from '@corral/runner'
import { type Command, Option } from 'commander'

import { writeOut } from '../streams/stdout.ts'
import { describeState } from '../text/state.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface EventsOptions extends WhereOptions {
  format: 'text' | 'ndjson'
}

export function define(command: Command): void {
  command
    .description(
      'Tells from now on what happens to jobs, whoever started them: started, oom, exited, removed; with a\n' +
        'daemon also queued, and failed, of those that could not be started. Ends at Ctrl-C.',
    )
    .addOption(new Option('--format <format>', 'how to print them').choices(['text', 'ndjson']).default('text'))
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(_: string[], options: EventsOptions): Promise<number> {
  return withRunner(options, async (runner) => {
    for await (const event of runner.events()) {
      await writeOut(options.format === 'ndjson' ? `${JSON.stringify(event)}\n` : `${describeEvent(event)}\n`)
    }
    return 0
  })
}

/** An event in a line: when, what, which job, and how it ended. */
export function describeEvent(event: JobEvent | ManagedEvent): string {
  const how = howOf(event)
  return `${event.at.toISOString()} ${event.type.padEnd(7)} ${event.name}${how === undefined ? '' : ` (${how})`}`
}

function howOf(event: JobEvent | ManagedEvent): string | undefined {
  if (event.type !== 'exited' && event.type !== 'failed') return undefined
  if (!event.status) return undefined
  return event.type === 'failed' ? event.status.failure?.message : describeState(event.status)
}

const epilogue = `
Examples:
  $ corral events
  $ corral events --format ndjson | jq --unbuffered 'select(.type == "oom").name'`
