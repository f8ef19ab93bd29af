import type { Command } from 'commander'

import { writeOut } from '../streams/stdout.ts'
import { describeDaemon, describeHere } from '../text/info.ts'
import { formatJson } from '../text/json.ts'
import { openPlace, choosePlace } from '../where/open.ts'
import { addWhere, type WhereOptions } from '../where/options.ts'
import { readHere } from '../where/here.ts'

interface InfoOptions extends WhereOptions {
  json?: true
}

export function define(command: Command): void {
  command
    .description(
      'Says what runs the jobs that commands are about: a daemon, whom it takes us for, and what we may use;\n' +
        "or this host. 'corral doctor' tries whether jobs can run here.",
    )
    .option('--json', 'as JSON')
  addWhere(command).addHelpText('after', epilogue)
}

export async function act(_: string[], options: InfoOptions): Promise<number> {
  const place = await choosePlace(options)
  const text = await openPlace(place, async (runner, daemon) => {
    if (place.at === 'daemon') {
      const info = await daemon!.info()
      return options.json ? formatJson({ host: place.host, ...info }) : describeDaemon(place, info)
    }
    const info = await readHere(runner)
    return options.json ? formatJson(info) : describeHere(info)
  })
  await writeOut(text)
  return 0
}

const epilogue = `
Examples:
  $ corral info
  $ corral info --context build-box
  $ corral info --json | jq .jobs`
