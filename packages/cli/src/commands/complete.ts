import type { Command } from 'commander'

import { commandsOf, createCompletion } from '../completion/completion.ts'
import { wantsFile } from '../completion/files.ts'
import { contextNames, jobNames } from '../completion/names.ts'
import { wholeProgram } from '../program.ts'

/** To the completion script: complete as the shell would, with files. */
const asTheShell = ':0\n'

export function define(command: Command): void {
  command.description('Answers a completion script.').argument('[words...]', 'what has been typed so far')
}

export async function act(words: string[]): Promise<number> {
  const program = await wholeProgram()
  if (wantsFile(program, words)) process.stdout.write(asTheShell)
  else {
    const jobs = takesJob(program, words) ? await jobNames(words) : []
    const completion = await createCompletion(program, { jobs, contexts: await contextNames() })
    completion.parse(words)
  }
  return 0
}

/** Whether a job's name may be what is being typed. */
function takesJob(program: Command, words: readonly string[]): boolean {
  const command = commandsOf(program).find(([name]) => name === words[0])?.[1]
  return command?.registeredArguments.some((argument) => argument.name().startsWith('name')) ?? false
}
