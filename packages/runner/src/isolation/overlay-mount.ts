import type { Field } from '../store/record.ts'
import { mount, type MountParameters } from './mount-fields.ts'

/** A layer over a folder; what is written goes to `layer`, which init makes. */
export function overlayMount(
  lower: string,
  target: string,
  layer: string,
  flags: readonly string[],
  rest: Partial<MountParameters> = {},
): Field[] {
  const options = [`lowerdir=${escapeColons(lower)}`, `upperdir=${layer}/upper`, `workdir=${layer}/work`]
  const own = process.geteuid!() === 0 ? [] : ['userxattr']
  return mount('fs', { type: 'overlay', target, options: [...options, ...own], flags, source: lower, layer, ...rest })
}

/** overlayfs takes a colon for the end of a layer. */
function escapeColons(path: string): string {
  return path.replaceAll(/[\\:]/g, (character) => `\\${character}`)
}
