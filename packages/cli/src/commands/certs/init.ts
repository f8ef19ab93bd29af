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
  const { name, host, admin, days } = options
  const made = await initCa(authorityFolder(options), {
    ...(name !== undefined && { name }),
    ...(host !== undefined && { hosts: host }),
    ...(admin !== undefined && { admin }),
    ...(days !== undefined && { days }),
  })
  const authority = `# The certificate authority, and whom it has revoked:\n#   ${made.ca}\n#   ${made.crl}\n`
  const text = [
    authority,
    describeIssued(made.server),
    `${describeIssued(made.admin)}${identityEntry(made.admin.identity, 'admin')}`,
  ]
  await writeOut(options.json ? formatJson(made) : text.join('\n'))
  return 0
}

const epilogue = `
Examples:
  $ sudo corral certs init
  $ corral certs init --dir ./certs --host build-box.example.org --host 10.0.0.7 >> corrald.toml`
