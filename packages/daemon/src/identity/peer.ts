import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'

import { syscallProgram } from '../native/syscall.ts'
import type { Caller } from './caller.ts'
import { groupNames, userName } from './names.ts'

/** How long an answer may take, in milliseconds: it is two system calls. */
const answerMs = 5000

/** What corral-syscall says of a socket's peer. */
type Answer = { id: number; error: string } | { id: number; pid: number; uid: number; gid: number; groups: number[] }

/** Finds out who is at the other end of a Unix socket. Node has no call for it: a program is asked, which it starts once. */
export class PeerDesk {
  #child: ChildProcess | undefined
  #lastId = 0
  readonly #asked = new Map<number, PromiseWithResolvers<Answer>>()

  /**
   * Who it is, as the kernel noted it when they connected.
   * @throws {Error} when it cannot be told: then nobody may be served there.
   */
  async peerOf(socket: Socket): Promise<Caller> {
    const answer = await this.#ask(socket)
    if ('error' in answer) throw new Error(`SO_PEERCRED, SO_PEERGROUPS: ${answer.error}`)
    const { pid, uid, gid, groups } = answer
    const [name, names] = await Promise.all([userName(uid), groupNames([...new Set([gid, ...groups])])])
    return { identity: `unix:${name ?? uid}`, via: 'unix', from: `pid ${pid}`, uid, groups: names }
  }

  /** Ends the program. */
  close(): void {
    if (this.#child?.connected) this.#child.disconnect()
  }

  async #ask(socket: Socket): Promise<Answer> {
    const child = (this.#child ??= this.#start())
    const id = ++this.#lastId
    const asked = Promise.withResolvers<Answer>()
    this.#asked.set(id, asked)
    const onClose = (): void => asked.reject(new Error('the peer has gone'))
    socket.once('close', onClose)
    // A program that does not answer is replaced by another.
    const timer = setTimeout(() => child.kill('SIGKILL'), answerMs).unref()
    // By this, its server would wait with its own end for that of the program.
    Object.assign(socket, { server: undefined })
    child.send(id, socket, { keepOpen: true }, (error) => error && asked.reject(error))
    try {
      return await asked.promise
    } finally {
      clearTimeout(timer)
      socket.off('close', onClose)
      this.#asked.delete(id)
    }
  }

  #start(): ChildProcess {
    // Node tells it where the channel is, and it needs nothing else.
    const child = spawn(syscallProgram(), ['peers'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: {} })
    const onEnd = (why: string): void => {
      if (this.#child !== child) return
      this.#child = undefined
      for (const { reject } of this.#asked.values()) reject(new Error(`corral-syscall ended: ${why}`))
    }
    child.on('message', (answer: Answer) => this.#asked.get(answer.id)?.resolve(answer))
    child.on('error', (error) => onEnd(error.message))
    child.on('exit', (status, signal) => onEnd(signal ?? `exit status ${status}`))
    child.unref()
    child.channel?.unref()
    return child
  }
}
