import { PeerDesk } from '../identity/peer.ts'
import { Admission } from './admission.ts'
import { HandedOver } from './handed-over.ts'
import { HttpService, type RequestHandler } from './http.ts'
import {
  resolveLimits,
  type ConnectionLimits,
  type ListenLog,
  type TlsListenerOptions,
  type UnixListenerOptions,
} from './options.ts'
import { RefusalLog, type RefusalReason } from './refusals.ts'
import type { Room } from './room.ts'
import { openTls, type TlsListener } from './tls.ts'
import { openUnix, type Listener } from './unix.ts'

export interface ListenersOptions {
  unix?: readonly UnixListenerOptions[]
  tls?: readonly TlsListenerOptions[]
  /** For all listeners together. */
  limits?: ConnectionLimits
  log: ListenLog
  /** What systemd has opened (`takeHandedOver`): a listener takes what has its name. Default: nothing. */
  handedOver?: HandedOver
  /** Is told of each connection that is not served. */
  onRefused?: (reason: RefusalReason) => void
}

/** The daemon's doors. */
export interface Listeners {
  /** Each listener's name, and where it listens. */
  readonly addresses: readonly { name: string; address: string }[]
  /** How many connections are served. */
  readonly connections: number
  /** How many have not said yet who they are. */
  readonly handshakes: number
  /** Reads certificates and revocation lists again, as when they change. What cannot be used is logged. */
  reload(): Promise<void>
  /**
   * Accepts nothing more, has clients go elsewhere, and waits for requests that are under way, at most for `graceMs`;
   * then cuts them off. Default: 10000.
   */
  close(graceMs?: number): Promise<void>
}

/**
 * Opens all listeners, or none. `handler` is what `connectNodeAdapter` returns; `callerOf` tells it whom it serves.
 * @throws {ListenError} for the first that cannot be opened.
 * @throws {InvalidOptionError} for an option that is not what it may be.
 */
export async function openListeners(options: ListenersOptions, handler: RequestHandler): Promise<Listeners> {
  const { unix = [], tls = [], log, handedOver = new HandedOver() } = options
  const limits = resolveLimits(options.limits)
  const refusals = new RefusalLog(log, options.onRefused)
  const [admission, http, peers] = [new Admission(limits), new HttpService(limits, handler), new PeerDesk()]
  const room: Room = { limits, admission, http, peers, refusals, log }
  const open: Listener[] = []
  const tlsListeners: TlsListener[] = []
  const close = async (graceMs = 10_000): Promise<void> => {
    await Promise.all(open.map((each) => each.close()))
    admission.close()
    peers.close()
    await http.close(graceMs)
    refusals.close()
  }
  try {
    for (const each of unix) open.push(await openUnix(each, handedOver.take(each.name ?? 'unix'), room))
    for (const each of tls) tlsListeners.push(await openTls(each, handedOver.take(each.name ?? 'tls'), room))
    open.push(...tlsListeners)
  } catch (error) {
    open.push(...tlsListeners)
    await close(0)
    throw error
  }
  return {
    addresses: open.flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address }))),
    get connections() {
      return admission.connections
    },
    get handshakes() {
      return admission.handshakes
    },
    reload: async () => void (await Promise.all(tlsListeners.map((each) => each.reload()))),
    close,
  }
}
