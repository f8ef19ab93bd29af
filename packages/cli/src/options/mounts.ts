import type { Mount } from '@corral/runner'
import { InvalidArgumentError, Option } from 'commander'

/** An option that adds to the mounts: three of them do, and what they mean depends on the order in which they are given. */
export class MountOption extends Option {
  constructor(flags: string, description: string, parse: (text: string) => Mount) {
    super(flags, description)
    this.argParser((text: string, earlier: readonly Mount[] = []): readonly Mount[] => [...earlier, parse(text)])
  }

  override attributeName(): 'mounts' {
    return 'mounts'
  }
}

/** The keys of `--mount`, Docker's names beside our own. */
const keys: Readonly<Record<string, string>> = {
  type: 'type',
  source: 'source',
  src: 'source',
  target: 'target',
  destination: 'target',
  dst: 'target',
  size: 'size',
  'tmpfs-size': 'size',
  mode: 'mode',
  'tmpfs-mode': 'mode',
  readonly: 'readonly',
  ro: 'readonly',
  noexec: 'noexec',
  nosuid: 'nosuid',
  nodev: 'nodev',
}

const switches = new Set(['readonly', 'noexec', 'nosuid', 'nodev'])

/** `type=bind,source=SRC,target=DST,noexec`: what it says is checked by the library. */
export function parseMount(text: string): Mount {
  const { readonly, ...given } = Object.fromEntries(text.split(',').map(parseField))
  const type = given['type'] ?? 'bind'
  if (readonly === undefined) return { ...given, type } as Mount
  if (type !== 'bind' && type !== 'bind-ro') throw new InvalidArgumentError('Only what is bound can be readonly.')
  return { ...given, type: readonly ? 'bind-ro' : type } as Mount
}

function parseField(field: string): [key: string, value: unknown] {
  const [name, value] = split(field, '=')
  const key = Object.hasOwn(keys, name) ? keys[name]! : undefined
  if (key === undefined) throw new InvalidArgumentError(`There is no '${name}'; accepted: ${ourKeys.join(', ')}.`)
  if (switches.has(key)) return [key, parseSwitch(key, value ?? 'true')]
  if (value === undefined || value === '') throw new InvalidArgumentError(`Accepted: ${name}=VALUE.`)
  if (key === 'mode') return [key, parseMode(value)]
  return [key, value]
}

const ourKeys = [...new Set(Object.values(keys))]

function parseSwitch(key: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true'
  throw new InvalidArgumentError(`Accepted: ${key}, ${key}=true or ${key}=false.`)
}

function parseMode(text: string): number {
  if (/^[01]?[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8)
  throw new InvalidArgumentError('Accepted: permissions in octal, such as mode=1777.')
}

/** `SRC[:DST[:OPTION,…]]`, as people know it. */
export function parseVolume(text: string): Mount {
  const [source = '', target, options, ...more] = text.split(':')
  if (source === '' || target === '' || more.length > 0) throw new InvalidArgumentError(volumeSyntax)
  const flags = Object.fromEntries((options?.split(',') ?? []).map((option) => [option, true]))
  const { ro, rw, noexec, ...unknown } = flags
  if (Object.keys(unknown).length > 0 || (ro && rw)) throw new InvalidArgumentError(volumeSyntax)
  return {
    type: ro ? 'bind-ro' : 'bind',
    source,
    ...(target !== undefined && { target }),
    ...(noexec && { noexec }),
  }
}

const volumeSyntax = "Accepted: SRC, SRC:DST, or SRC:DST:OPTIONS; options are 'ro', 'rw' and 'noexec'."

/** `DIR[:SIZE]`, or with the options of `--mount`: `DIR:size=1G,mode=700,noexec`. */
export function parseTmpfs(text: string): Mount {
  const [target, options = ''] = split(text, ':')
  const fields = options.split(',').filter((field) => field !== '')
  const named = fields.map((field) => (/^\d+[KMGT]?$/i.test(field) ? `size=${field}` : field))
  return parseMount(['type=tmpfs', `target=${target}`, ...named].join(','))
}

/** A text's part before the first `mark`, and the one behind it. */
function split(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
