import type { Field } from '../store/record.ts'
import type { Fences } from './fences.ts'

/** Rights of linux/landlock.h: to execute, to read files and folders. */
const reading = 0x1 | 0x4 | 0x8
/** All rights up to version 5 of Landlock, and what of them a folder of devices or of the kernel's files takes. */
const all = 0xffff
const using = reading | 0x2 | 0x4000 | 0x8000

/** What Landlock lets a job do, should a mount ever let it do more: read everywhere, write where it is meant to. */
export function landlockFields({ landlock, root, mounts, devices }: Fences): Field[] {
  if (!landlock) return []
  const isReadOnly = root === 'read-only' || (typeof root === 'object' && root.access === 'read-only')
  const writable = mounts.filter(({ type }) => type !== 'bind-ro').map(({ target }) => target)
  const rules: [string, number][] = [
    ['/', isReadOnly ? reading : all],
    ...['/dev', '/proc', ...devices].map((path): [string, number] => [path, using]),
    ...['/tmp', '/run', '/dev/shm', ...writable].map((path): [string, number] => [path, all]),
  ]
  return [
    ['landlock', 1],
    ...rules.flatMap(([path, rights]): Field[] => [
      ['beneath', path],
      ['rights', rights],
    ]),
  ]
}
