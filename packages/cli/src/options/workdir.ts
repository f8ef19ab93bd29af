import type { Isolation, JobConfig, Mount } from '@corral/runner'
import { isAbsolute, resolve } from 'node:path'

import type { GivenFile } from './files.ts'
import { requireAbsolute } from './host-paths.ts'
import { UsageError } from '../outcome/usage-error.ts'

/** What the working directory of a job is made of. */
export interface WorkdirOptions {
  workdir?: string
  privateWorkdir?: string
  /** What is put into the private folder, which it then has. */
  file?: readonly GivenFile[]
}

/** A job's folders on the host that are the job's own inside: what the host has below them is not there. */
const privateFolders = ['/tmp', '/run', '/dev/shm']

type Config = Pick<JobConfig, 'cwd' | 'workdir' | 'isolation'>

/**
 * Where the job works, and its fences: `--workdir`, else a folder of its own, else the current directory, which is then
 * shown to the job where it would not see it. A root of its own has no such directory: `/` it is. Nor has a daemon's host:
 * there it is where the daemon says.
 */
export function placeJob(options: WorkdirOptions, isolation: Isolation | undefined, isRemote = false): Config {
  const { workdir, privateWorkdir: size, file } = options
  const own = { ...(size !== undefined && { workdir: { size } }), ...(isolation && { isolation }) }
  if (workdir !== undefined && isRemote) return { ...own, cwd: requireAbsolute(workdir, '--workdir') }
  if (workdir !== undefined) return { ...own, cwd: isAbsolute(workdir) ? workdir : resolve(currentFolder(), workdir) }
  if (size !== undefined || file) return own
  if (typeof isolation?.root === 'object') return { ...own, cwd: '/' }
  if (isRemote) return own
  const cwd = currentFolder()
  return { cwd, ...show(cwd, isolation) }
}

function currentFolder(): string {
  try {
    return process.cwd()
  } catch (cause) {
    throw new UsageError('the current directory was removed: name another one with --workdir', { cause })
  }
}

/** The fences, with the current directory among what is mounted where it takes that. */
function show(cwd: string, isolation: Isolation | undefined): Pick<JobConfig, 'isolation'> {
  const { profile = 'standard', mounts = [] } = isolation ?? {}
  const isHidden = profile !== 'none' && privateFolders.some((folder) => isBelow(cwd, folder))
  const isMounted = mounts.some(({ target, ...mount }) => {
    const place = target ?? ('source' in mount ? mount.source : '')
    return place === cwd || isBelow(cwd, place)
  })
  if (!isHidden || isMounted) return isolation ? { isolation } : {}
  return { isolation: { ...isolation, mounts: [{ type: bindingOf(isolation), source: cwd }, ...mounts] } }
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`)
}

/** The current directory is as writable as it would be on a root of this kind. */
function bindingOf({ profile, root = profile === 'strict' ? 'read-only' : 'host' }: Isolation = {}): Exclude<
  Mount['type'],
  'tmpfs'
> {
  if (root === 'overlay') return 'overlay'
  return root === 'read-only' ? 'bind-ro' : 'bind'
}
