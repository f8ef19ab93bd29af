import { ListenError } from './listen-error.ts'

/** The first descriptor that systemd hands over (sd_listen_fds(3)). */
const firstDescriptor = 3

/** Sockets that systemd has opened for this process, by name: `FileDescriptorName=` of the socket unit. */
export class HandedOver {
  readonly #descriptors: Map<string, number[]>

  constructor(descriptors: Map<string, number[]> = new Map()) {
    this.#descriptors = descriptors
  }

  /** The descriptors of this name, which the caller has from now on. */
  take(name: string): number[] {
    const found = this.#descriptors.get(name) ?? []
    this.#descriptors.delete(name)
    return found
  }

  /**
   * To be called when all listeners have taken theirs: a socket that nobody serves would have clients wait for ever.
   * @throws {ListenError} when one is left.
   */
  checkTaken(): void {
    const [name] = this.#descriptors.keys()
    if (name === undefined) return
    const fix = 'give the socket unit a FileDescriptorName= that is the name of a listener in the configuration'
    throw new ListenError(
      `systemd has handed over a socket called ${name}, which no listener has for a name: ${fix}`,
      name,
    )
  }
}

/** Takes what LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES tell out of the environment: what we start is not meant. */
export function takeHandedOver(env: NodeJS.ProcessEnv = process.env): HandedOver {
  const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names = '' } = env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID']) delete env[name]
  if (pid !== String(process.pid) || count === undefined || !/^\d{1,4}$/.test(count)) return new HandedOver()
  const listed = names.split(':')
  const descriptors = new Map<string, number[]>()
  for (let index = 0; index < Number(count); index++) {
    const name = listed[index] || 'unknown'
    descriptors.set(name, [...(descriptors.get(name) ?? []), firstDescriptor + index])
  }
  return new HandedOver(descriptors)
}
