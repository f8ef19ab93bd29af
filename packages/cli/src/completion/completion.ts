import type { Command as CompletedCommand, RootCommand } from '@bomb.sh/tab'
import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'

/** What is completed beside commands and options. */
export interface Candidates {
  /** Names of jobs. */
  jobs: readonly string[]
  /** Names of contexts. */
  contexts: readonly string[]
}

/** What shells complete: the program's commands and options, and names where one is to be typed. */
export async function createCompletion(program: Command, candidates: Candidates): Promise<RootCommand> {
  // Its own two commands take other names than ours, which do the same.
  const completion = tab(program, { completionCommandName: '-completion' })
  for (const [name, command] of commandsOf(program)) {
    const known = completion.commands.get(name)
    if (known) completeNames(command, known, candidates)
  }
  return completion
}

/** All commands, by their names as they are typed: `context use`. */
export function commandsOf(program: Command, before = ''): [name: string, command: Command][] {
  return program.commands.flatMap((command) => {
    const name = `${before}${command.name()}`
    return [[name, command] as [string, Command], ...commandsOf(command, `${name} `)]
  })
}

function completeNames(command: Command, known: CompletedCommand, { jobs, contexts }: Candidates): void {
  for (const argument of command.registeredArguments) {
    const [names, what] = argument.name().startsWith('context') ? [contexts, 'context'] : [jobs, 'job']
    if (!/^(name|context)/.test(argument.name())) continue
    known.argument(argument.name(), (complete) => names.forEach((name) => complete(name, what)), argument.variadic)
  }
  const option = known.options.get('context')
  if (option) option.handler = (complete) => contexts.forEach((name) => complete(name, 'context'))
}
