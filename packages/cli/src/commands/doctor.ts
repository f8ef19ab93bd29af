import type { Command } from 'commander'

import { writeOut } from '../streams/stdout.ts'
import { formatDoctor } from '../text/doctor.ts'
import { formatJson } from '../text/json.ts'
import { addLocal, type LocalOptions } from '../where/options.ts'

interface DoctorOptions extends LocalOptions {
  json?: true
  fix?: true
}

export function define(command: Command): void {
  command
    .description(
      'Tries what jobs need of this host and says, line by line, what works, what does not, and what to do about it.\n' +
        'Exit status: 0 when jobs can run here, else 1.',
    )
    .option('--json', 'as JSON')
    .option(
      '--fix',
      'do first what can be done about it (in a container: move the processes of its root cgroup to a leaf)',
    )
  addLocal(command).addHelpText('after', epilogue)
}

export async function act(_: string[], options: DoctorOptions): Promise<number> {
  const { explainHost, fixHost } = await import('@corral/runner')
  const { storageRoot, cgroupParent } = options
  const where = {
    ...(storageRoot !== undefined && { storageRoot }),
    ...(cgroupParent !== undefined && { cgroupParent }),
  }
  if (options.fix) {
    const leaf = await fixHost()
    process.stderr.write(
      leaf === undefined ? 'corral: nothing to fix here\n' : `corral: moved the processes to ${leaf}\n`,
    )
  }
  const lines = await explainHost(where)
  await writeOut(options.json ? formatJson(lines) : formatDoctor(lines, process.stdout.isTTY))
  return lines.some(({ ok }) => ok === false) ? 1 : 0
}

const epilogue = `
Examples:
  $ corral doctor
  $ sudo corral doctor --fix
  $ corral doctor --json | jq '.[] | select(.ok != true)'`
