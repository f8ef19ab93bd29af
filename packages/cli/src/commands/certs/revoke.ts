import type { Command } from 'commander'

import { addFolder, authorityFolder, type FolderOptions } from '../../certs/folder.ts'
import { inOurTerms } from '../../certs/refusal.ts'
import { writeOut } from '../../streams/stdout.ts'

export function define(command: Command): void {
  command
    .description(
      "Has certificates refused, by their holders' names or their serial numbers: they are added to the\n" +
        'revocation list, which the daemon reads again by itself.',
    )
    .argument('<holders...>', 'names, or serial numbers in hexadecimal')
  addFolder(command).addHelpText('after', epilogue)
}

export async function act(holders: string[], options: FolderOptions): Promise<number> {
  const { revokeCertificate } = await import('@corral/certs')
  // One after the other: each writes the list that the one before it has written.
  for (const holder of holders) {
    const { serialNumber, already } = await revokeCertificate(authorityFolder(options), holder).catch(
      (error: unknown) => {
        throw inOurTerms(error)
      },
    )
    await writeOut(`${holder}  ${serialNumber}${already ? '  (already revoked)' : ''}\n`)
  }
  return 0
}

const epilogue = `
Examples:
  $ corral certs revoke alice
  $ corral certs revoke 4f1d9c0b7a6e4c1f8e2b3a4d5c6f7081`
