import type { CertificateRole } from '@corral/certs'
import { type Command, Option } from 'commander'

import { describeIssued } from '../../certs/describe.ts'
import { addFolder, authorityFolder, type FolderOptions } from '../../certs/folder.ts'
import { inOurTerms } from '../../certs/refusal.ts'
import { count, repeated } from '../../options/parsers.ts'
import { UsageError } from '../../outcome/usage-error.ts'
import { writeOut } from '../../streams/stdout.ts'
import { formatJson } from '../../text/json.ts'

interface IssueOptions extends FolderOptions {
  role: CertificateRole | 'server'
  host?: readonly string[]
  uri?: string
  days?: number
  json?: true
}

export function define(command: Command): void {
  command
    .description(
      'Makes a key and a certificate, for somebody who calls a daemon or for a daemon. A certificate says\n' +
        "who its holder is, and the daemon's corrald.toml what they may do: what is printed is for there.",
    )
    .argument('<holder>', 'their name, by which the daemon knows them')
    .addOption(
      new Option(
        '--role <role>',
        'viewer (sees their own jobs), operator (starts them too), admin (all jobs); or server: for a daemon',
      )
        .choices(['viewer', 'operator', 'admin', 'server'])
        .makeOptionMandatory(),
    )
  addFolder(command)
    .option(
      '--host <name>',
      'of a server: a name or address by which clients reach it; repeatable (default: its name)',
      repeated,
    )
    .option('--uri <uri>', 'of a client: a URI that is its identity, such as spiffe://example.org/build')
    .option('--days <n>', 'how long it holds (default: 365)', count)
    .option('--json', 'as JSON')
    .addHelpText('after', epilogue)
}

export async function act([name]: string[], options: IssueOptions): Promise<number> {
  const { role, host, uri, days } = options
  refuseOthers(options)
  const { identityEntry, issueCertificate } = await import('@corral/certs')
  const issued = await issueCertificate(authorityFolder(options), name!, {
    use: role === 'server' ? 'server' : 'client',
    ...(host !== undefined && { hosts: host }),
    ...(uri !== undefined && { uri }),
    ...(days !== undefined && { days }),
  }).catch((error: unknown) => {
    throw inOurTerms(error)
  })
  const entry = role === 'server' ? '' : identityEntry(issued.identity, role)
  await writeOut(options.json ? formatJson(issued) : `${describeIssued(issued)}${entry}`)
  return 0
}

/** @throws {UsageError} for what a certificate of the kind cannot have. */
function refuseOthers({ role, host, uri }: IssueOptions): void {
  if (role === 'server' && uri !== undefined) throw new UsageError('--uri is for clients; --role is server')
  if (role !== 'server' && host !== undefined) throw new UsageError(`--host is for servers; --role is ${role}`)
}

const epilogue = `
Examples:
  $ corral certs issue alice --role operator
  $ corral certs issue alice --role operator >> /etc/corral/corrald.toml
  $ corral certs issue build-box --role server --host build-box.example.org --host 10.0.0.7`
