import type { RootCommand } from '@bomb.sh/tab'
import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'

/** What shells complete: the program's commands and options, and names of jobs where one is to be typed. */
export async function createCompletion(program: Command, names: readonly string[]): Promise<RootCommand> {
  // Its own two commands take other names than ours, which do the same.
  const completion = tab(program, { completionCommandName: '-completion' })
  for (const command of program.commands) {
    const argument = command.registeredArguments.find((known) => known.name().startsWith('name'))
    const known = completion.commands.get(command.name())
    if (!argument || !known) continue
    known.argument(
      argument.name(),
      (complete) => void names.forEach((name) => complete(name, 'job')),
      argument.variadic,
    )
  }
  return completion
}
