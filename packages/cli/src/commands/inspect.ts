import type { Command } from 'commander'

import { resolveName } from '../names/resolve.ts'
import { writeOut } from '../streams/stdout.ts'
import { formatJson } from '../text/json.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

export function define(command: Command): void {
  command
    .description(
      'Prints all that is known of a job, as JSON: its status, what it was started with, its cgroups and files.',
    )
    .argument('<name>', 'the job')
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: WhereOptions): Promise<number> {
  const description = await withRunner(options, async (runner) => runner.inspect(await resolveName(runner, words[0]!)))
  await writeOut(formatJson(description))
  return 0
}

const epilogue = `
Examples:
  $ corral inspect web
  $ corral inspect web | jq .spec.limits
  $ tail -c 1000 "$(corral inspect web | jq -r .outputPath)"`
