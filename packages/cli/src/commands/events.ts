import type { JobEvent } from '@corral/runner'
import { type Command, Option } from 'commander'

import { addStorage, type StorageOptions, withRunner } from '../options/storage.ts'
import { writeOut } from '../streams/stdout.ts'
import { describeState } from '../text/state.ts'

interface EventsOptions extends StorageOptions {
  format: 'text' | 'ndjson'
}

export function define(command: Command): void {
  command
    .description(
      'Tells from now on what happens to jobs, whoever started them: started, oom, exited, removed. Ends at Ctrl-C.',
    )
    .addOption(new Option('--format <format>', 'how to print them').choices(['text', 'ndjson']).default('text'))
  addStorage(command).addHelpText('after', epilogue)
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
export function describeEvent(event: JobEvent): string {
  const how = event.type === 'exited' && event.status ? ` (${describeState(event.status)})` : ''
  return `${event.at.toISOString()} ${event.type.padEnd(7)} ${event.name}${how}`
}

const epilogue = `
Examples:
  $ corral events
  $ corral events --format ndjson | jq --unbuffered 'select(.type == "oom").name'`
