import { errnoName, errnoText } from '../errors/errno.ts'
import type { FieldList } from '../store/record.ts'

/** What came of a path of `collect`. */
export interface Collected {
  /** The path, absolute in the job. */
  path: string
  /** How many regular files were copied. */
  files: number
  /** The sum of their sizes. */
  bytes: number
  /** What was left out; null: nothing. */
  omitted: Omitted | null
}

/** What a collection had to leave out. */
export interface Omitted {
  /** How many files, folders and others. */
  count: number
  /** The first of them, in the job, and why: `ENOENT`, `ELOOP` for a link, `ENOTSUP` for what is neither file nor folder … */
  path: string
  errno: string
  /** The same in words. */
  reason: string
}

/** What an errno means here, where it says more than its usual words do. */
const reasons: Record<string, string> = {
  ELOOP: 'a symbolic link, or behind one, which is not followed',
  ENOTSUP: 'neither a file nor a folder',
  EFBIG: 'larger than what was left of maxBytes',
  E2BIG: 'there were too many files and folders before it',
  EXDEV: 'another file system is mounted there',
  ENAMETOOLONG: 'too deep a folder',
  ECANCELED: 'the collection was broken off by a kill',
  ETIMEDOUT: 'the collection took too long',
}

/** What was collected, from an exit record. */
export function readCollected(end: FieldList): Collected[] {
  return end.groups('collected').map((fields) => {
    const count = fields.number('omitted') ?? 0
    return {
      path: fields.get('collected')!,
      files: fields.number('files') ?? 0,
      bytes: fields.number('bytes') ?? 0,
      omitted: count === 0 ? null : { count, ...describeOmitted(fields) },
    }
  })
}

function describeOmitted(fields: FieldList): Omit<Omitted, 'count'> {
  const errno = errnoName(fields.number('omittederrno') ?? 0)
  return { path: fields.get('omittedpath') ?? '', errno, reason: reasons[errno] ?? errnoText(errno) }
}
