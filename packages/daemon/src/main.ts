import { parseArgs, type ParseArgsConfig } from 'node:util'

import { checkHost } from './check/check.ts'
import { jsonSchema } from './config/json-schema.ts'
import { defaultConfigFile, loadConfig } from './config/load.ts'
import { ConfigError } from './config/mistakes.ts'
import { runDaemon } from './lifecycle/run.ts'
import { readVersion } from './version.ts'

const help = `Usage: corrald [--config FILE]
       corrald check [--config FILE]
       corrald schema

Runs jobs of many, over a Unix socket and mutual TLS.

Commands:
  check            says what is wrong with the configuration, and with this host for it
  schema           prints the JSON Schema of the configuration

Options:
  --config FILE    the configuration (default: ${defaultConfigFile})
  --ready-fd N     writes a line to descriptor N once clients are served, for supervisors such as s6
  --version        prints the version
  --help           prints this

SIGTERM and SIGINT end it as the configuration says, a second one at once; SIGHUP has it read the configuration again.
Exit status: 0; 1 when it failed, or check found something; 2 for a wrong command line; 78 for a wrong configuration.
`

/** What the service manager is not to try again (sysexits.h: EX_CONFIG). */
const wrongConfig = 78

const options = {
  config: { type: 'string', default: defaultConfigFile },
  'ready-fd': { type: 'string' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options']

/** Runs `corrald` with the arguments that follow the program's name; resolves to its exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    return await run(readArguments(argv))
  } catch (error) {
    if (error instanceof UsageError) return complain(`corrald: ${error.message}; see corrald --help`, 2)
    if (error instanceof ConfigError) return complain(error.message, wrongConfig)
    throw error
  }
}

class UsageError extends Error {}

interface Arguments {
  command: string | undefined
  config: string
  readyFd: number | undefined
  version: boolean
  help: boolean
}

function readArguments(argv: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true })
    const [command, ...more] = positionals
    if (more.length > 0) throw new UsageError(`${more[0]} was not expected`)
    return {
      command,
      config: values.config,
      readyFd: descriptor(values['ready-fd']),
      version: values.version ?? false,
      help: values.help ?? false,
    }
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message)
  }
}

function descriptor(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new UsageError(`--ready-fd: received ${text}; accepted: the number of an open descriptor`)
}

async function run({ command, config, readyFd, version, help: wantsHelp }: Arguments): Promise<number> {
  if (wantsHelp) return say(help)
  if (version) return say(`corrald ${readVersion()}\n`)
  if (command === 'schema') return say(`${JSON.stringify(jsonSchema(), null, 2)}\n`)
  if (command === 'check') return check(config)
  if (command !== undefined) throw new UsageError(`there is no command ${command}: check, schema`)
  return runDaemon({ file: config, ...(readyFd !== undefined && { readyFd }) })
}

/** Says all that is wrong with a configuration, and with this host for it. */
async function check(file: string): Promise<number> {
  const config = await loadConfig(file).catch((error: unknown) => {
    if (error instanceof ConfigError) return complain(error.message, 1)
    throw error
  })
  if (typeof config === 'number') return config
  const findings = await checkHost(config)
  const lines = findings.map(({ ok, what, detail }) => `${ok ? 'ok    ' : 'failed'}  ${what}: ${detail}\n`)
  say(`ok      ${file}: every key is known and every value accepted\n${lines.join('')}`)
  return findings.every(({ ok }) => ok) ? 0 : 1
}

function say(text: string): 0 {
  process.stdout.write(text)
  return 0
}

function complain(text: string, exitStatus: number): number {
  process.stderr.write(`${text}\n`)
  return exitStatus
}
