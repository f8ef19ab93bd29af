import type { CgroupPlan } from '../cgroup/contract.ts'
import { collectFields } from '../files/collect.ts'
import { signalNumber } from '../job/signal.ts'
import type { IsolationFields } from '../isolation/index.ts'
import { boundFields } from '../output/bound.ts'
import { terminalFields } from '../stdin/fields.ts'
import type { JobSpec } from '../store/job-spec.ts'
import { type Field, recordText } from '../store/record.ts'

/** A start frame: fields that there is one of, and short lists; and what is long, encoded. */
interface StartRequest {
  fields: Field[]
  bulk: string
}

/** What a start consists of. */
interface StartParts {
  spec: Omit<JobSpec, 'place'>
  /** The longest part of the spec, and the same for all jobs. */
  placeJson: string
  /** The job's folder. */
  folder: string
  /** Null: it has no cgroup. */
  plan: CgroupPlan | null
  isolation: IsolationFields
  /** Where its standard input comes from. */
  input: readonly Field[]
  /** What it finds in its private folder. */
  files: readonly Field[]
  shim: ShimCommand | null
}

/** What a start frame holds: the list that init works off, see ARCHITECTURE.md. */
export function startRequest(parts: StartParts): StartRequest {
  const { spec, placeJson, folder, plan, isolation, input, files, shim } = parts
  const fields: Field[] = [
    ['name', spec.name],
    ['dir', folder],
    ['cwd', spec.cwd],
    ['grace', spec.stopGraceMs],
    ['stopsignal', signalNumber(spec.stopSignal)!],
  ]
  if (plan) fields.push(...cgroupFields(plan))
  if (spec.timeoutMs !== null) fields.push(['timeout', spec.timeoutMs])
  if (spec.onExit === 'kill') fields.push(['lifeline', 1])
  fields.push(...terminalFields(spec.tty), ...input, ...isolation.fields, ...collectFields(spec.collect))
  fields.push(...boundFields(spec.outputMaxBytes))
  if (spec.isolation.keepChanges) fields.push(['keepchanges', 1])
  if (shim) fields.push(['handoff', 1])
  for (const word of shim?.command ?? spec.command) fields.push(['arg', word])
  for (const [key, value] of Object.entries(shim?.env ?? spec.env)) fields.push(['env', `${key}=${value}`])
  const specJson = `${JSON.stringify(spec).slice(0, -1)},"place":${placeJson}}`
  return { fields, bulk: `${recordText([['spec', specJson], ...files])}${isolation.bulk}` }
}

function cgroupFields(plan: CgroupPlan): Field[] {
  const fields: Field[] = [['cgroup', plan.cgroup]]
  for (const directory of plan.directories) fields.push(['mkdir', directory])
  for (const { file, value, optional } of plan.writes) {
    fields.push(['file', file])
    if (optional) fields.push(['optional', 1])
    fields.push(['value', value])
  }
  for (const file of plan.joins) fields.push(['join', file])
  for (const { key, file } of plan.reads) fields.push(['read', key], ['path', file])
  if (plan.oomGroup !== undefined) fields.push(['oomgroup', plan.oomGroup])
  return fields
}

/** What runs inside the fence before the command. */
export interface ShimCommand {
  command: readonly string[]
  env: Readonly<Record<string, string>>
}
