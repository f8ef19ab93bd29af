import { resolve } from 'node:path'

import type { Command } from 'commander'

import { checkContextName, type Context } from '../../contexts/context.ts'
import { readContexts, writeContexts } from '../../contexts/file.ts'
import { UsageError } from '../../outcome/usage-error.ts'
import { writeOut } from '../../streams/stdout.ts'
import { checkHost, usesTls } from '../../where/host.ts'

interface CreateOptions {
  host: string
  cert?: string
  key?: string
  ca?: string
  use?: true
  force?: true
}

export function define(command: Command): void {
  command
    .description('Gives a daemon a name. The files are read when a command goes there; their paths are kept.')
    .argument('<context>', 'the name')
    .requiredOption('-H, --host <address>', "the daemon: 'unix:///PATH', or 'https://NAME:PORT'")
    .option('--cert <file>', 'our certificate, in PEM')
    .option('--key <file>', 'the key of it, in PEM')
    .option('--ca <file>', "who has to have signed the daemon's certificate, in PEM (default: whom the system trusts)")
    .option('--use', 'have commands go there from now on')
    .option('-f, --force', 'in the place of the one that has the name')
    .addHelpText('after', epilogue)
}

export async function act([word]: string[], options: CreateOptions): Promise<number> {
  const name = checkContextName(word!)
  const context = contextOf(options)
  const { current, contexts } = await readContexts()
  if (Object.hasOwn(contexts, name) && !options.force) {
    throw new UsageError(`there is a context '${name}' already: --force puts this one in its place`)
  }
  await writeContexts({ current: options.use ? name : current, contexts: { ...contexts, [name]: context } })
  await writeOut(`${name}\n`)
  return 0
}

/** @throws {UsageError} for files that do not fit the address, or each other. */
function contextOf({ host, cert, key, ca }: CreateOptions): Context {
  const address = checkHost(host, '--host')
  const files = Object.entries({ cert, key, ca }).filter(([, file]) => file !== undefined)
  if (files.length > 0 && !usesTls(address)) {
    throw new UsageError(`--${files[0]![0]} is for an https host, and --host is ${address}`)
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError(`--cert and --key go together: --${cert === undefined ? 'cert' : 'key'} is missing`)
  }
  return { host: address, ...Object.fromEntries(files.map(([which, file]) => [which, resolve(file!)])) }
}

const epilogue = `
Examples:
  $ corral context create build-box --host https://build-box:7411 --cert me.crt --key me.key --ca ca.crt --use
  $ corral context create shared --host unix:///run/corral/corrald.sock`
