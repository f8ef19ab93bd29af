import { networkInterfaces } from 'node:os'

import type { Network, PrivateNetwork } from '@corral/runner'

import { holds, type Network as Addresses, parseNetwork } from './addresses.ts'
import { anyOf, ForbiddenOptionError } from './forbidden.ts'
import type { Wish } from './isolation.ts'
import { publishedPort } from './ranges.ts'
import type { Rules } from './rules.ts'

/** Each option of a private network; the types say when one is missing. */
const judges: {
  readonly [Option in keyof Required<PrivateNetwork>]: (
    value: PrivateNetwork[Option],
    rules: Rules,
  ) => PrivateNetwork[Option]
} = { type: () => 'private', ports: admitPorts, allow: admitAllow, dns: admitDns }

/** A network of a kind that the rules name, with no more ports and destinations than they have. */
export function admitNetwork(network: Network, { rules }: Wish): Network {
  const given = typeof network === 'object' ? network : { type: network }
  if (!rules.networks.includes(given?.type)) {
    const accepted = rules.networks.map((kind) => `'${kind}'`).join(', ')
    throw new ForbiddenOptionError('isolation.network', given?.type, accepted)
  }
  if (given.type === 'private') return admitPrivate(given as PrivateNetwork, rules)
  if (typeof network !== 'object') return network
  throw new ForbiddenOptionError('isolation.network', network, "'private' where there is more to say")
}

function admitPrivate(network: PrivateNetwork, rules: Rules): PrivateNetwork {
  for (const [part, value] of Object.entries(network)) {
    if (Object.hasOwn(judges, part)) continue
    throw new ForbiddenOptionError(`isolation.network.${part}`, value, `only ${Object.keys(judges).join(', ')}`)
  }
  const [ports, allow] = [judges.ports(network.ports, rules), judges.allow(network.allow, rules)]
  const dns = judges.dns(network.dns, rules)
  return { type: 'private', ...(ports && { ports }), ...(allow && { allow }), ...(dns !== undefined && { dns }) }
}

function admitPorts(ports: PrivateNetwork['ports'], { ports: ranges }: Rules): PrivateNetwork['ports'] {
  if (ports === undefined) return undefined
  if (!Array.isArray(ports)) throw new ForbiddenOptionError('isolation.network.ports', ports, 'an array')
  return ports.map((entry: number | string, index) => {
    const wanted = publishedPort(entry)
    const isFine = ranges.some(
      ({ address, first, last }) => address === wanted?.address && first <= wanted.port && wanted.port <= last,
    )
    if (isFine) return entry
    const accepted = anyOf(
      ranges.map(({ address, first, last }) => `${address.includes(':') ? `[${address}]` : address}:${first}-${last}`),
      'no ports of the host',
    )
    throw new ForbiddenOptionError(`isolation.network.ports[${index}]`, entry, accepted)
  })
}

/** Where clouds tell a machine its secrets, and what is on the host's link alone: reached where an entry names it. */
const linkLocal = ['169.254.0.0/16', 'fe80::/10'].map((text) => parseNetwork(text)!)

function admitAllow(allow: PrivateNetwork['allow'], { destinations }: Rules): PrivateNetwork['allow'] {
  if (allow === undefined) return destinations?.map(({ text }) => text)
  if (!Array.isArray(allow)) throw new ForbiddenOptionError('isolation.network.allow', allow, 'an array')
  for (const [index, entry] of allow.entries()) {
    const network = parseNetwork(entry)
    if (network && isReachable(network, destinations)) continue
    const accepted = destinations
      ? anyOf(
          destinations.map(({ text }) => text),
          'nowhere',
        )
      : "networks other than link-local ones and the host's own addresses"
    throw new ForbiddenOptionError(`isolation.network.allow[${index}]`, entry, accepted)
  }
  return [...allow]
}

function isReachable(network: Addresses, destinations: Rules['destinations']): boolean {
  if (destinations) return destinations.some((each) => holds(each.network, network))
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const named = own.flatMap(({ address }) => parseNetwork(address) ?? [])
  return ![...linkLocal, ...named].some((restricted) => holds(restricted, network))
}

function admitDns(dns: boolean | undefined, rules: Rules): boolean | undefined {
  if (dns !== true) return rules.dns ? dns : false
  if (rules.dns) return dns
  throw new ForbiddenOptionError('isolation.network.dns', dns, 'false')
}
