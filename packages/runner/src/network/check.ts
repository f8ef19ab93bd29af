import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknownPart } from '../errors/unknown.ts'
import { contains, parseCidr } from './cidr.ts'
import { unreachable } from './filter.ts'
import { checkPorts, type PublishedPort } from './ports.ts'

/** A job's network with nothing left to guess. Plain data. */
export type CheckedNetwork = 'none' | 'host' | CheckedPrivate

/** A network of the job's own. */
export interface CheckedPrivate {
  type: 'private'
  ports: readonly PublishedPort[]
  /** In CIDR notation; null: everywhere but the host itself. */
  allow: readonly string[] | null
  /** Names are resolved by the host's resolver. */
  dns: boolean
}

/** Most entries of `allow`: the filter that they become is of limited length. */
const maxAllowed = 100

const accepted = "'none', 'host', 'private' or { type: 'private' }"

/**
 * Checks what network a job is to have.
 * @throws {InvalidOptionError}
 */
export function checkNetwork(network: unknown): CheckedNetwork {
  if (network === 'none' || network === 'host') return network
  const given = network === 'private' ? { type: network } : network
  if (typeof given !== 'object' || given === null) throw new InvalidOptionError('isolation.network', network, accepted)
  refuseUnknownPart('isolation.network', given, ['type', 'ports', 'allow', 'dns'])
  const { type, ports = [], allow, dns = allow === undefined } = given as Record<string, unknown>
  if (type !== 'private') throw new InvalidOptionError('isolation.network.type', type, "'private'")
  if (typeof dns !== 'boolean') throw new InvalidOptionError('isolation.network.dns', dns, 'true or false')
  return {
    type,
    ports: checkPorts('isolation.network.ports', ports),
    allow: allow === undefined ? null : checkAllow('isolation.network.allow', allow),
    dns,
  }
}

function checkAllow(option: string, allow: unknown): string[] {
  if (!Array.isArray(allow) || allow.length > maxAllowed) {
    throw new InvalidOptionError(option, allow, `an array of at most ${maxAllowed} addresses and networks`)
  }
  return allow.map((entry: unknown, index) => checkEntry(`${option}[${index}]`, entry))
}

function checkEntry(option: string, entry: unknown): string {
  const network = typeof entry === 'string' ? parseCidr(entry) : undefined
  if (!network) throw new InvalidOptionError(option, entry, `an address, or a network in CIDR notation${hint(entry)}`)
  if (unreachable.some((other) => contains(other, network))) {
    throw new InvalidOptionError(option, entry, 'nothing of loopback and multicast addresses: no job reaches those')
  }
  return entry as string
}

/** What is likely to be meant by what is not accepted. */
function hint(entry: unknown): string {
  if (typeof entry !== 'string') return ''
  const [address = '', prefix] = entry.split('/')
  if (prefix !== undefined && parseCidr(address)) return ', with no bit set behind the prefix'
  if (parseCidr(address.replace(/^\[?(.*?)\]?:\d+$/, '$1'))) return ': ports cannot be told apart'
  return /[a-z]/i.test(entry) ? ': names are not resolved' : ''
}
