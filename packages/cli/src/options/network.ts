import type { Network, PrivateNetwork } from '@corral/runner'
import { type Command, Option } from 'commander'

import { UsageError } from '../outcome/usage-error.ts'
import { repeated } from './parsers.ts'

/** What the command line says of a job's network. */
export interface NetworkOptions {
  network?: 'none' | 'host' | 'private'
  publish?: readonly string[]
  allow?: readonly string[]
  dns?: boolean
}

/** Adds what a job's network is told by. */
export function addNetwork(command: Command): Command {
  return command
    .optionsGroup('Network:')
    .addOption(
      new Option(
        '--network <kind>',
        "none (loopback only), host (the host's own), or private: outbound, but not to the host (default: none)",
      ).choices(['none', 'host', 'private']),
    )
    .option(
      '-p, --publish <ports>',
      "'[ADDRESS:]HOST:JOB', with /udp behind: a port of the host, by default of its 127.0.0.1, leads into the job; " +
        'implies --network private; repeatable',
      repeated,
    )
    .option(
      '--allow <cidr>',
      'an address or network that the job may reach, and no others; implies --network private; repeatable',
      repeated,
    )
    .option('--dns', 'resolve names where there is --allow, too')
    .option('--no-dns', 'resolve no names')
}

/** The network that was asked for; undefined: the default one. */
export function givenNetwork({ network, publish, allow, dns }: NetworkOptions): Network | undefined {
  const more: Omit<PrivateNetwork, 'type'> = {
    ...(publish !== undefined && { ports: publish }),
    ...(allow !== undefined && { allow }),
    ...(dns !== undefined && { dns }),
  }
  if (Object.keys(more).length === 0) return network
  if (network === undefined || network === 'private') return { type: 'private', ...more }
  throw new UsageError(`--publish, --allow and --dns are for a private network: leave out --network ${network}`)
}
