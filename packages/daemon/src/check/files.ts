import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

import type { Config } from '../config/schema.ts'
import type { Finding } from './check.ts'

/** The storage root, the socket's folder, and the paths that jobs may have. */
export async function findFiles({ storageRoot, unix, policy }: Config): Promise<Finding[]> {
  const allRules = [policy.rules, ...policy.identities.map(({ rules = {} }) => rules)]
  const paths = allRules.flatMap(({ mounts = [], readOnlyMounts = [], devices = [], stdinFiles = [] }) =>
    [mounts, readOnlyMounts, devices, stdinFiles].flat(),
  )
  return Promise.all([
    folder('storage root', storageRoot),
    folder("the socket's folder", dirname(unix.path)),
    ...[...new Set(paths)].map(present),
  ])
}

/** A folder that is there and can be written to, or that can be made. */
async function folder(what: string, path: string): Promise<Finding> {
  const there = await nearest(path)
  const stats = await stat(there)
  if (!stats.isDirectory()) return { ok: false, what, detail: `${there} is not a folder` }
  const writable = await access(there, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!writable) return { ok: false, what, detail: `${there} cannot be written to by this user` }
  return { ok: true, what, detail: there === path ? path : `${path}, which will be made` }
}

/** The path, or the closest of those that it is below that exists. */
async function nearest(path: string): Promise<string> {
  const exists = await stat(path).then(
    () => true,
    () => false,
  )
  return exists ? path : nearest(dirname(path))
}

async function present(path: string): Promise<Finding> {
  return stat(path).then(
    () => ({ ok: true, what: 'rules', detail: path }),
    () => ({ ok: false, what: 'rules', detail: `there is no ${path}` }),
  )
}
