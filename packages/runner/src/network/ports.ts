import { isIP } from 'node:net'

import { InvalidOptionError } from '../errors/mistakes.ts'

/** A port of the host that leads into a job. */
export interface PublishedPort {
  /** Of the host, that is bound. */
  address: string
  hostPort: number
  jobPort: number
  protocol: 'tcp' | 'udp'
}

/** Whom a port is for when no address is given: processes of the host. */
const defaultAddress = '127.0.0.1'

const accepted =
  "a port from 1 to 65535, 'PORT', 'HOST:JOB' or 'ADDRESS:HOST:JOB' (an IPv6 address in brackets), with '/udp' behind " +
  `it for UDP; without ADDRESS, ${defaultAddress}`

/** Checks ports that are to lead into a job. */
export function checkPorts(option: string, ports: unknown): PublishedPort[] {
  if (!Array.isArray(ports)) throw new InvalidOptionError(option, ports, 'an array of ports')
  const seen = new Set<string>()
  return ports.map((given: unknown, index) => {
    const port = parsePort(`${option}[${index}]`, given)
    const place = `${port.protocol} ${port.address} ${port.hostPort}`
    if (seen.has(place)) throw new InvalidOptionError(`${option}[${index}]`, given, 'each port of the host once')
    seen.add(place)
    return port
  })
}

function parsePort(option: string, given: unknown): PublishedPort {
  const text = typeof given === 'number' ? String(given) : given
  const match =
    typeof text === 'string' ? /^(?:(?:(\[[^\]]*\]|[^[:]*):)?(\d{1,5}):)?(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) : null
  const [, place = defaultAddress, host, job, protocol = 'tcp'] = match ?? []
  const port = { hostPort: Number(host ?? job), jobPort: Number(job), protocol: protocol as 'tcp' | 'udp' }
  const address = place.startsWith('[') ? place.slice(1, -1) : place
  const family = place.startsWith('[') ? 6 : 4
  if (match && isIP(address) === family && !address.includes('%') && isPort(port.hostPort) && isPort(port.jobPort)) {
    return { address, ...port }
  }
  throw new InvalidOptionError(option, given, accepted)
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65535
}
