import type { Change } from '@corral/runner'
import type { Command } from 'commander'

import { resolveName } from '../names/resolve.ts'
import { writeOut } from '../streams/stdout.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface DiffOptions extends WhereOptions {
  json?: true
}

const letters = { added: 'A', modified: 'C', deleted: 'D' } as const

export function define(command: Command): void {
  command
    .description(
      'Lists what a job that has ended has added (A), changed (C) and deleted (D) in its overlay.\n' +
        "It was started with 'corral run --detach --root overlay --keep-changes'.",
    )
    .argument('<name>', 'the job')
    .option('--json', 'as JSON')
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: DiffOptions): Promise<number> {
  return withRunner(options, async (runner) => {
    const changes = runner.changes(await resolveName(runner, words[0]!))
    for await (const text of options.json ? jsonOf(changes) : linesOf(changes)) await writeOut(text)
    return 0
  })
}

/** As `docker diff` has it. What would be taken for more than one line is quoted. */
export async function* linesOf(changes: AsyncIterable<Change>): AsyncGenerator<string> {
  for await (const { kind, path } of changes) {
    yield `${letters[kind]} ${/\p{Cc}/u.test(path) ? JSON.stringify(path) : path}\n`
  }
}

/** One array, a change a line: there may be more of them than fit into memory. */
export async function* jsonOf(changes: AsyncIterable<Change>): AsyncGenerator<string> {
  let before = '[\n  '
  for await (const change of changes) {
    yield `${before}${JSON.stringify(change)}`
    before = ',\n  '
  }
  yield before.startsWith('[') ? '[]\n' : '\n]\n'
}

const epilogue = `
Examples:
  $ corral diff build
  $ corral diff --json build | jq -r '.[] | select(.kind == "added").path'
  $ corral inspect build | jq -r '.changedPaths[].path'`
