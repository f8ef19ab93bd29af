import type { Socket } from 'node:net'

/** What a client that knows of HTTP/2 sends first (RFC 9113, 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/**
 * Which HTTP the client speaks. What was read for that is given back to the socket.
 * @throws {Error} when the client goes before it can be told.
 */
export function protocolOf(socket: Socket): Promise<'http1' | 'http2'> {
  return new Promise((resolve, reject) => {
    let start = Buffer.alloc(0)
    const stop = (): void => {
      socket.off('readable', onReadable).off('end', onGone).off('close', onGone)
    }
    const onGone = (): void => {
      stop()
      reject(new Error('the client went before it had said anything'))
    }
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      start = Buffer.concat([start, chunk])
      const length = Math.min(start.length, preface.length)
      const isPreface = start.subarray(0, length).equals(preface.subarray(0, length))
      if (isPreface && start.length < preface.length) return
      stop()
      socket.unshift(start)
      resolve(isPreface ? 'http2' : 'http1')
    }
    socket.on('readable', onReadable).on('end', onGone).on('close', onGone)
  })
}
