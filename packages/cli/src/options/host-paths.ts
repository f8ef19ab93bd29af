import { readFileSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'

import type { Isolation, Mount, SeccompProfile } from '@corral/runner'

import { UsageError } from '../outcome/usage-error.ts'

/**
 * The fences with their paths as the job's host knows them: here, relative ones are below the current directory; on a
 * daemon's host there is no such thing, and they are refused. A profile of system calls is read on our side.
 * @throws {UsageError}
 */
export function locatePaths(isolation: Isolation, isRemote: boolean): Isolation {
  const { root, mounts, seccomp } = isolation
  const locate = isRemote ? requireAbsolute : (path: string): string => resolve(path)
  return {
    ...isolation,
    ...(typeof root === 'object' && { root: { ...root, directory: locate(root.directory, '--root') } }),
    ...(mounts && { mounts: mounts.map((mount) => locateMount(mount, locate)) }),
    ...(isFile(seccomp) && { seccomp: isRemote ? readProfile(seccomp) : resolve(seccomp) }),
  }
}

/** @throws {UsageError} for a path that means nothing on a daemon's host. */
export function requireAbsolute(path: string, said: string): string {
  if (isAbsolute(path)) return path
  throw new UsageError(`${said} ${path}: it is a path on the daemon's host, which has to be absolute`)
}

function locateMount(mount: Mount, locate: (path: string, said: string) => string): Mount {
  return 'source' in mount ? { ...mount, source: locate(mount.source, 'the source of a mount,') } : mount
}

function isFile(seccomp: Isolation['seccomp']): seccomp is string {
  return typeof seccomp === 'string' && seccomp !== 'default' && seccomp !== 'none'
}

function readProfile(path: string): SeccompProfile {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SeccompProfile
  } catch (cause) {
    throw new UsageError(`--seccomp ${path} is no profile: ${(cause as Error).message}`, { cause })
  }
}
