import { Argument, type Command } from 'commander'

import { createCompletion } from '../completion/completion.ts'
import { wholeProgram } from '../program.ts'

export function define(command: Command): void {
  command
    .description('Prints a script that makes a shell complete the commands, options and jobs of corral.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish', 'powershell']))
    .addHelpText('after', epilogue)
}

export async function act(words: string[]): Promise<number> {
  const completion = await createCompletion(await wholeProgram(), { jobs: [], contexts: [] })
  completion.setup('corral', 'corral', words[0]!)
  return 0
}

const epilogue = `
Examples:
  $ source <(corral completion bash)
  $ corral completion zsh > "\${fpath[1]}/_corral"
  $ corral completion fish > ~/.config/fish/completions/corral.fish`
