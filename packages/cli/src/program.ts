import { Command, CommanderError } from 'commander'

import { type CommandEntry, commands } from './commands/index.ts'
import { suggestLonger } from './text/suggest.ts'
import { readVersion } from './version.ts'

export { readVersion }

/** Exit status for arguments that are not understood, as for all other failures of ours. */
const ourFailure = 125

/** What came of a run of the program: its exit status, and what the parser had to say (help, or a mistake). */
export interface ProgramResult {
  exitStatus: number
  out: string
  err: string
}

/** Parses the arguments and runs the subcommand that they name; no other one's file is loaded. */
export async function runProgram(argv: readonly string[]): Promise<ProgramResult> {
  const result: ProgramResult = { exitStatus: 0, out: '', err: '' }
  const program = createProgram(result)
  let current = program
  declareAll(program, commands, result, (command) => (current = command))
  try {
    await program.parseAsync(readHelp(argv), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return result
    result.exitStatus = ourFailure
    if (error.code === 'commander.unknownOption') result.err += suggestLonger(error.message, current)
    result.err += `See '${fullName(current)} --help'.\n`
  }
  return result
}

/** The whole program, each subcommand with its options: what shells complete. */
export async function wholeProgram(): Promise<Command> {
  const result: ProgramResult = { exitStatus: 0, out: '', err: '' }
  const program = createProgram(result)
  await defineAll(program, commands, result)
  return program
}

async function defineAll(parent: Command, entries: readonly CommandEntry[], result: ProgramResult): Promise<void> {
  const visible = entries.filter(({ hidden }) => !hidden)
  await Promise.all(
    visible.map(async (entry) => {
      const command = declare(parent, entry)
      await define(command, entry, result)
      await defineAll(command, entry.commands ?? [], result)
    }),
  )
}

function createProgram(result: ProgramResult): Command {
  return new Command('corral')
    .description('Runs commands as fenced jobs, each in a control group and in namespaces of its own.')
    .usage('COMMAND [OPTION…]')
    .enablePositionalOptions()
    .exitOverride()
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: false, styleTitle: (title) => title })
    .configureOutput({
      writeOut: (text) => void (result.out += text),
      writeErr: (text) => void (result.err += text),
      outputError: (text, write) => write(text.replace(/^error: /, 'corral: ')),
      getOutHelpWidth: () => Math.min(process.stdout.columns ?? 100, 100),
      getOutHasColors: () => false,
    })
    .helpOption('-h, --help', 'show this help')
    .option('-V, --version', 'show the version')
    .on('option:version', () => {
      result.out += `${readVersion()}\n`
      throw new CommanderError(0, 'commander.version', '')
    })
    .addHelpText('after', epilogue)
}

const epilogue = `
Examples:
  $ corral run --memory-max 64M --cpu-max '50000 100000' -- ./build.sh
  $ name=$(corral run --detach -- ./server --port 8080)
  $ corral logs -f "$name"
  $ corral stop "$name" && corral rm "$name"

A job may be called by any beginning of its name that no other job's name has.
Exit status: 125 when corral itself fails; see 'corral run --help'.
'corral COMMAND --help' shows a command's options and examples.`

/** Adds subcommands by their names alone; the one that is called is loaded then. */
function declareAll(
  parent: Command,
  entries: readonly CommandEntry[],
  result: ProgramResult,
  enter: (command: Command) => void,
): void {
  const known = new Map(entries.map((entry) => [declare(parent, entry), entry]))
  parent.hook('preSubcommand', async (_, command) => {
    enter(command)
    const entry = known.get(command)!
    await define(command, entry, result)
    if (entry.commands) declareAll(command, entry.commands, result, enter)
  })
}

function declare(program: Command, { name, summary, group, hidden }: CommandEntry): Command {
  const command = program.command(name, { hidden: hidden ?? false }).summary(summary)
  return group === undefined ? command : command.helpGroup(group)
}

/** Loads a subcommand's file and gives it its options, help and action. */
async function define(command: Command, entry: CommandEntry, result: ProgramResult): Promise<void> {
  const { define: defineOptions, act } = await entry.load()
  defineOptions(command)
  if (command.description() === '') command.description(entry.summary)
  if (!act) return void command.helpCommand(false)
  command.action(async () => {
    result.exitStatus = await act(command.args, command.opts())
  })
}

/** A command as one types it: `corral context use`. */
function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()
}

/**
 * `corral help run` is `corral run --help`, and no arguments at all, or a group of commands alone, ask for help too. Help
 * on a command that there is not is a mistake like the command itself: the parser would answer with the help of all.
 */
function readHelp(argv: readonly string[]): string[] {
  const wantsHelp = argv[0] === 'help'
  const words = wantsHelp ? argv.slice(1) : [...argv]
  const [word, ...rest] = words
  if (word === undefined) return ['--help']
  if (word.startsWith('-')) return wantsHelp ? [word, '--help'] : words
  const entry = commands.find(({ name }) => name === word)
  if (!entry) return [word]
  if (!entry.commands) return wantsHelp ? [word, '--help'] : words
  const [inner] = rest
  if (inner === undefined) return [word, '--help']
  const isCommand = entry.commands.some(({ name }) => name === inner)
  if (!isCommand && !inner.startsWith('-')) return [word, inner]
  return wantsHelp ? [word, inner, '--help'] : words
}
