import { parseArgs } from 'node:util'

import { type ScenarioName, scenarioNames } from './scenarios.ts'

const usage = `npm run bench -- [--only NAME]… [--runs N] [--storage-root FOLDER] [--json]

  --only NAME             one of ${scenarioNames.join(', ')}; may be repeated
  --runs N                rounds of a start, from 10 (default 300); other things in proportion
  --storage-root FOLDER   keep the jobs below this folder, which is not in /tmp (default: /var/tmp)
  --json                  print the numbers for a program to read
`

export interface Options {
  only: readonly ScenarioName[]
  runs: number
  storageRoot: string | undefined
  json: boolean
}

/** Reads the command line; ends the process when there is nothing to run. */
export function parseOptions(words: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        only: { type: 'string', multiple: true },
        runs: { type: 'string', default: '300' },
        'storage-root': { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values['storage-root']?.startsWith('/tmp/')) {
      throw new RangeError('--storage-root: not below /tmp, which jobs have one of their own of')
    }
    if (values.help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    return {
      only: (values.only ?? scenarioNames).map(checkScenario),
      runs: checkRuns(values.runs),
      storageRoot: values['storage-root'],
      json: values.json,
    }
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n\n${usage}`)
    process.exit(2)
  }
}

function checkScenario(name: string): ScenarioName {
  const found = scenarioNames.find((known) => known === name)
  if (!found) throw new RangeError(`--only ${name}: accepted is one of ${scenarioNames.join(', ')}`)
  return found
}

function checkRuns(text: string): number {
  const runs = Number(text)
  if (!Number.isInteger(runs) || runs < 10 || runs > 100_000)
    throw new RangeError(`--runs ${text}: accepted is a whole number from 10`)
  return runs
}
