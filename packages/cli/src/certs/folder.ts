import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

import type { Command } from 'commander'

/** Options of all commands on certificates. */
export interface FolderOptions {
  dir?: string
}

export function addFolder(command: Command): Command {
  return command.option(
    '--dir <dir>',
    'where the certificate authority is (default: /etc/corral/certs for root, else ~/.config/corral/certs)',
  )
}

/** The folder of the certificate authority, absolute. */
export function authorityFolder({ dir }: FolderOptions, env: NodeJS.ProcessEnv = process.env): string {
  if (dir !== undefined) return resolve(dir)
  if (process.getuid?.() === 0) return '/etc/corral/certs'
  const config = env['XDG_CONFIG_HOME']
  return join(config && isAbsolute(config) ? config : join(homedir(), '.config'), 'corral', 'certs')
}
