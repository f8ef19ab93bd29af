import type { ExecConfig } from '@corral/runner'
import type { Command } from 'commander'

import type { AttachOptions } from '../foreground/attach.ts'
import { execForeground } from '../foreground/exec.ts'
import { resolveName } from '../names/resolve.ts'
import { duration, variable } from '../options/parsers.ts'
import { exitStatusHelp } from '../outcome/exit-status-help.ts'
import { requireTerminal } from '../terminal/terminal.ts'
import { withRunner } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'

interface ExecOptions extends WhereOptions, AttachOptions {
  env?: Record<string, string>
  workdir?: string
  user?: string
  group?: string
  timeout?: number
}

export function define(command: Command): void {
  command
    .description(
      'Runs a further command in a running job, within all its fences and limits, and streams its output to stdout.\n' +
        'SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to it; a second one kills it.',
    )
    .usage('[OPTION…] NAME [--] COMMAND [ARGUMENT…]')
    .argument('<name>', 'the job')
    .argument('<command...>', "the program, by path or looked up in the job's PATH, and its arguments")
    .passThroughOptions()
    .optionsGroup('Options:')
    .option('-i, --interactive', 'pass our standard input on to it, to its end (default: it has none)')
    .option('-t, --tty', 'give it a terminal of its own, as large as ours')
    .option('-e, --env <key=value>', 'set a variable; KEY alone passes on our own; repeatable', variable)
    .option('-w, --workdir <dir>', "working directory (default: the job's)")
    .option('-u, --user <user>', "user to run as, by name or id (default: the job's)")
    .option('-g, --group <group>', "group to run as, by name or id (default: the user's)")
    .option('--timeout <time>', 'kill it when it has run for so long: 500ms, 30s, 10m, 2h', duration)
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: ExecOptions): Promise<number> {
  if (options.tty) requireTerminal()
  const [typed, ...command] = words as [string, ...string[]]
  // A `--` in front of the job's name is the parser's, one behind it is ours.
  const config = execConfig(command[0] === '--' ? command.slice(1) : command, options)
  return withRunner(
    options,
    async (runner) => execForeground(runner, await resolveName(runner, typed), config, options),
    { onExit: 'kill' },
  )
}

/** What the command line asks for, in the library's terms. */
function execConfig(command: readonly string[], { env, workdir, user, group, timeout }: ExecOptions): ExecConfig {
  return {
    command,
    ...(env !== undefined && { env }),
    ...(workdir !== undefined && { cwd: workdir }),
    ...(user !== undefined && { user }),
    ...(group !== undefined && { group }),
    ...(timeout !== undefined && { timeoutMs: timeout }),
  }
}

const epilogue = `
${exitStatusHelp}; 137 when the job ended

Examples:
  $ corral exec web -- ps aux
  $ corral exec -it web -- bash
  $ corral exec -i -u nobody db -- psql shop < query.sql`
