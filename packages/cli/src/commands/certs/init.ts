import type { NewCa } from '@corral/certs'
import type { Command } from 'commander'

import { describeIssued } from '../../certs/describe.ts'
import { addFolder, authorityFolder, type FolderOptions } from '../../certs/folder.ts'
import { count, repeated } from '../../options/parsers.ts'
import { writeOut } from '../../streams/stdout.ts'
import { formatJson } from '../../text/json.ts'

interface InitOptions extends FolderOptions {
  name?: string
  host?: readonly string[]
  admin?: string
  days?: number
  json?: true
}

export function define(command: Command): void {
  command.description(
    'Makes a certificate authority, a certificate for the daemon, one for an administrator, and an empty\n' +
      "revocation list. What it prints can go into the daemon's corrald.toml.",
  )
  addFolder(command)
    .option(
      '--host <name>',
      "a name or address by which clients reach the daemon; repeatable (default: this host's)",
      repeated,
    )
    .option('--admin <name>', "the administrator's name (default: admin)")
    .option('--name <name>', "the authority's name (default: 'Corral CA on' and the host's)")
    .option('--days <n>', 'how long the authority holds (default: 3650)', count)
    .option('--json', 'as JSON')
    .addHelpText('after', epilogue)
}

export async function act(_: string[], options: InitOptions): Promise<number> {
  const { identityEntry, initCa } = await import('@corral/certs')
  const { name, host, admin: adminName, days } = options
  const made = await initCa(authorityFolder(options), {
    ...(name !== undefined && { name }),
    ...(host !== undefined && { hosts: host }),
    ...(adminName !== undefined && { admin: adminName }),
    ...(days !== undefined && { days }),
  })
  const admin = `${describeIssued(made.admin)}${identityEntry(made.admin.identity, 'admin')}`
  await writeOut(options.json ? formatJson(made) : `${tlsTable(made)}\n${admin}`)
  return 0
}

/** The table of corrald.toml that has the daemon use them. */
function tlsTable({ server, ca, crl }: NewCa): string {
  const files = { certificate: server.certificate, key: server.key, ca, crl }
  const lines = Object.entries(files).map(([key, path]) => `${key} = ${JSON.stringify(path)}\n`)
  return `[tls]\nlisten = "[::]:7411"\n${lines.join('')}`
}

const epilogue = `
Examples:
  $ sudo sh -c 'corral certs init >> /etc/corral/corrald.toml'
  $ corral certs init --dir ./certs --host build-box.example.org --host 10.0.0.7 >> corrald.toml`
