import type { Command } from 'commander'

import { forEachJob } from '../names/each.ts'
import { addStorage, type StorageOptions } from '../options/storage.ts'

export function define(command: Command): void {
  command.description('Lets frozen jobs go on.').argument('<names...>', 'the jobs')
  addStorage(command).addHelpText('after', epilogue)
}

export async function act(words: string[], options: StorageOptions): Promise<number> {
  return forEachJob(words, options, (runner, name) => runner.thaw(name))
}

const epilogue = `
Examples:
  $ corral thaw web
  $ corral thaw $(corral ps -q --filter label=nice=yes)`
