import type { JobSpec } from '@corral/runner'

/** A job's fences in a few words: the profile, and what of it is worth knowing: `standard, root overlay, 2 mounts`. */
export function describeIsolation({ profile, root, network, mounts, seccomp, ownUser }: JobSpec['isolation']): string {
  const ownRoot = typeof root === 'object' ? `${root.directory} (${root.access})` : root
  const ownNetwork = typeof network === 'object' ? network.type : network
  const parts = [
    profile,
    `root ${ownRoot}`,
    `network ${ownNetwork}`,
    `seccomp ${seccomp}`,
    ownUser !== null && 'a user of its own',
    mounts.length > 0 && `${mounts.length} ${mounts.length === 1 ? 'mount' : 'mounts'}`,
  ]
  return parts.filter((part) => part !== false).join(', ')
}
