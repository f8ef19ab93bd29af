import { access, constants } from 'node:fs/promises'

import { CorralError } from '../errors/corral-error.ts'
import type { CheckedPrivate } from './check.ts'
import { pastaUser } from './pasta-user.ts'
import type { PublishedPort } from './ports.ts'
import { jobAddresses, type Resolver } from './resolver.ts'

/** Where Debian and others keep what is root's business, should PATH not say so. */
const moreFolders = ['/usr/bin', '/usr/local/bin', '/usr/sbin']

/**
 * The absolute path of pasta(1).
 * @throws {CorralError} when it is not installed.
 */
export async function findPasta(): Promise<string> {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'))
  for (const folder of new Set(process.env['PATH'] === undefined ? moreFolders : folders)) {
    const path = `${folder}/pasta`
    if (await isExecutable(path)) return path
  }
  throw new CorralError(
    'FENCE_REFUSED',
    "could not connect the job's private network: there is no pasta in PATH; install passt (apt-get install passt)",
    { syscall: 'pasta', errno: 'ENOENT' },
  )
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/**
 * pasta's arguments, but for the namespaces, which the launcher adds. What pasta does of its own accord is turned off: no
 * port of the host's loopback is mirrored into the job (-T, -U), and none is reached by way of the gateway (--no-map-gw).
 * Addresses are the same for each job, and tell it nothing of the host.
 */
export function pastaArguments({ ports }: CheckedPrivate, resolver: Resolver | null, isRoot: boolean): string[] {
  const { address, gateway, prefix } = jobAddresses
  return [
    ...['--quiet', '--config-net', '--no-netns-quit', '--no-map-gw', '--ns-ifname', 'eth0'],
    ...['--address', address[4], '--netmask', String(prefix[4]), '--gateway', gateway[4]],
    ...['--address', address[6], '--gateway', gateway[6]],
    ...['--tcp-ns', 'none', '--udp-ns', 'none'],
    ...forward('--tcp-ports', ports, 'tcp'),
    ...forward('--udp-ports', ports, 'udp'),
    ...(resolver ? ['--dns-forward', resolver.address] : ['--dns', 'none']),
    ...(isRoot ? ['--runas', `${pastaUser}:${pastaUser}`] : []),
  ]
}

function forward(option: string, ports: readonly PublishedPort[], protocol: 'tcp' | 'udp'): string[] {
  const wanted = ports.filter((port) => port.protocol === protocol)
  if (wanted.length === 0) return [option, 'none']
  return wanted.flatMap(({ address, hostPort, jobPort }) => [option, `${address}/${hostPort}:${jobPort}`])
}
