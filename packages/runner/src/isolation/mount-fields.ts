import type { Field } from '../store/record.ts'

/** What a mount operation takes, see launcher/mounts.c. */
export interface MountParameters {
  target: string
  source?: string
  type?: string
  /** Types of file systems. */
  types?: readonly string[]
  /** Folders that something is not done in. */
  except?: readonly string[]
  options?: readonly string[]
  flags?: readonly string[]
  /** Permissions. */
  mode?: number
  major?: number
  minor?: number
  /** Of an overlay: the folder of what is written, made by init in the likeness of the source. */
  layer?: string
  /** Made where it does not exist. */
  make?: boolean
  /** It belongs to the job's user. */
  isOwn?: boolean
  /** It needs nothing of the job's, and may be made before there is one: a new file system, or something in one. */
  ahead?: boolean
}

/** The fields of one mount operation. */
export function mount(kind: string, parameters: MountParameters): Field[] {
  const {
    target,
    source,
    type,
    types = [],
    except = [],
    options = [],
    flags = [],
    mode,
    major,
    minor,
    layer,
    make,
    isOwn,
    ahead,
  } = parameters
  const fields: Field[] = [
    ['mount', kind],
    ['target', target],
  ]
  if (type !== undefined) fields.push(['type', type])
  for (const each of types) fields.push(['type', each])
  for (const folder of except) fields.push(['except', folder])
  if (source !== undefined) fields.push(['source', source])
  for (const option of options) fields.push(['option', option])
  for (const flag of flags) fields.push(['flag', flag])
  if (mode !== undefined) fields.push(['mode', mode.toString(8)])
  if (major !== undefined) fields.push(['major', major])
  if (minor !== undefined) fields.push(['minor', minor])
  if (layer !== undefined) fields.push(['layer', layer])
  if (make) fields.push(['make', 1])
  if (isOwn) fields.push(['owner', 'job'])
  if (ahead) fields.push(['ahead', 1])
  return fields
}
