import { readlink } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import { errnoOf } from '../errors/errno.ts'
import type { Field } from '../store/record.ts'
import type { CheckedNetwork, CheckedPrivate } from './check.ts'
import { parseCidr } from './cidr.ts'
import { networkFilter } from './filter.ts'
import { findPasta, pastaArguments } from './pasta.ts'
import { pastaUser } from './pasta-user.ts'
import { findResolver, type Resolver } from './resolver.ts'

/** The name of a job's own resolv.conf in its folder. */
const resolverFile = 'resolv.conf'

/** What a start does for the job's network. */
export interface NetworkPlan {
  /** Fields of the start frame. */
  fields: readonly Field[]
  /** The file in the job's folder that its /etc/resolv.conf is to be; null: as it is. */
  resolverFile: string | null
}

/**
 * Plans a job's network here and now.
 * @throws {CorralError} when what it takes is not installed.
 */
export async function planNetwork(network: CheckedNetwork): Promise<NetworkPlan> {
  if (network === 'none' || network === 'host') return { fields: [], resolverFile: null }
  const isRoot = process.geteuid!() === 0
  const [pasta, resolver] = await Promise.all([findPasta(), network.dns ? findResolver() : null])
  const words = [pasta, ...pastaArguments(network, resolver, isRoot)]
  const fields: Field[] = words.map((value): Field => ['pasta', value])
  if (isRoot) fields.push(['pastauser', pastaUser])
  fields.push(['netfilter', filterOf(network, resolver)])
  fields.push(['write', resolverFile], ['text', resolver?.text ?? '# This job resolves no names.\n'])
  return { fields, resolverFile }
}

function filterOf({ allow, ports }: CheckedPrivate, resolver: Resolver | null): string {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const networks = (addresses: readonly string[]) => [...new Set(addresses)].flatMap((each) => parseCidr(each) ?? [])
  return networkFilter({
    allow: allow && networks(allow),
    own: networks(own.map(({ address }) => address)),
    resolver: resolver ? networks([resolver.address]) : [],
    published: [...new Set(ports.filter(({ protocol }) => protocol === 'tcp').map(({ jobPort }) => jobPort))],
  })
}

/** Links that are followed, at most. */
const maxLinks = 8

/**
 * Where the file behind /etc/resolv.conf is to be in a root: it may be a link, as systemd-resolved has it, to what a job
 * does not see. Null: there is none, and nothing that asks for one.
 */
export async function resolverTarget(root: string): Promise<string | null> {
  let path = '/etc/resolv.conf'
  for (let links = 0; links <= maxLinks; links++) {
    const link = await readlink(join(root, path)).catch(errnoOf)
    if (link === 'EINVAL') return path
    if (link === undefined || link === 'ENOENT') return links === 0 ? null : path
    path = resolve(dirname(path), link)
  }
  return null
}
