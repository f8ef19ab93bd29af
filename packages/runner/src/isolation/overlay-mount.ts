import type { Layer } from '../store/job-spec.ts'
import { type Field, FieldList } from '../store/record.ts'
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
  // So that what is written, all of it and nothing else, is in the layer under its own name, whatever the kernel's defaults.
  const plain = ['redirect_dir=nofollow', 'metacopy=off', 'index=off']
  const own = process.geteuid!() === 0 ? [] : ['userxattr']
  return mount('fs', {
    type: 'overlay',
    target,
    options: [...options, ...plain, ...own],
    flags,
    source: lower,
    layer,
    ...rest,
  })
}

/** The overlays among the mount operations of a start frame. */
export function layersOf(fields: readonly Field[]): Layer[] {
  const list = new FieldList(fields.map(([key, value]) => [key, String(value)]))
  return list.groups('mount').flatMap((operation) => {
    const [target, source, folder] = [operation.get('target'), operation.get('source'), operation.get('layer')]
    return target === undefined || source === undefined || folder === undefined ? [] : [{ target, source, folder }]
  })
}

/** overlayfs takes a colon for the end of a layer. */
function escapeColons(path: string): string {
  return path.replaceAll(/[\\:]/g, (character) => `\\${character}`)
}
