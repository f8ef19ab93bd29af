import type { Command } from 'commander'

import { createCompletion } from '../completion/completion.ts'
import { wantsFile } from '../completion/files.ts'
import { withRunner } from '../options/storage.ts'
import { wholeProgram } from '../program.ts'

/** To the completion script: complete as the shell would, with files. */
const asTheShell = ':0\n'

export function define(command: Command): void {
  command.description('Answers a completion script.').argument('[words...]', 'what has been typed so far')
}

export async function act(words: string[]): Promise<number> {
  const program = await wholeProgram()
  if (wantsFile(program, words)) process.stdout.write(asTheShell)
  else (await createCompletion(program, await jobNames(program, words))).parse(words)
  return 0
}

/** The names of all jobs, where one may be typed; none when they cannot be read. */
async function jobNames(program: Command, words: readonly string[]): Promise<string[]> {
  const command = program.commands.find((known) => known.name() === words[0])
  if (!command?.registeredArguments.some((argument) => argument.name().startsWith('name'))) return []
  const storageRoot = words[words.indexOf('--storage-root') + 1]
  const options = words.includes('--storage-root') && storageRoot ? { storageRoot } : {}
  try {
    return await withRunner(options, async (runner) => (await runner.list()).map(({ name }) => name))
  } catch {
    return []
  }
}
