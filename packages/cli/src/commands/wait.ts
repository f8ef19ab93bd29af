import type { Command } from 'commander'

import { resolveName } from '../names/resolve.ts'
import { exitStatusOf } from '../outcome/exit-status.ts'
import { writeOut } from '../streams/stdout.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

export function define(command: Command): void {
  command
    .description(
      'Waits until the jobs have ended for good and prints the exit status of each, in the order in which they are named.\n' +
        "Its own exit status is that of the last one, as 'corral run' would have given it.",
    )
    .argument('<names...>', 'the jobs')
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: WhereOptions): Promise<number> {
  return withRunner(options, async (runner) => {
    const ends = words.map(async (word) => exitStatusOf(await runner.wait(await resolveName(runner, word))))
    for (const end of ends) end.catch(() => {})
    let exitStatus = 0
    for (const end of ends) {
      try {
        exitStatus = await end
      } catch (error) {
        exitStatus = (await import('../outcome/report.ts')).reportError(error)
        continue
      }
      await writeOut(`${exitStatus}\n`)
    }
    return exitStatus
  })
}

const epilogue = `
Examples:
  $ corral wait web
  $ name=$(corral run -d -- make test) && corral wait "$name" && echo passed`
