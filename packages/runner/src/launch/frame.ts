import { type Field, recordText } from '../store/record.ts'

/** The longest payload the launcher accepts, in bytes (FR_MAX in launcher/frame.h). */
export const maxPayloadBytes = 4 * 1024 * 1024

const headerBytes = 4

/**
 * Encodes a frame: a 32-bit little-endian length and a record. `bulk` is what is long, encoded already: the field `bulk`
 * before it keeps the launcher from looking through it for what is not in it.
 */
export function encodeFrame(fields: readonly Field[], bulk = ''): Buffer {
  const text = bulk === '' ? recordText(fields) : `${recordText([...fields, ['bulk', 1]])}${bulk}`
  const length = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(headerBytes + length)
  frame.writeUInt32LE(length)
  frame.write(text, headerBytes)
  return frame
}

/** Cuts a byte stream into the payloads of its frames. */
export class FrameSplitter {
  #pending: Buffer = Buffer.alloc(0)

  /** Takes the next bytes of the stream; gives the payloads that are complete with them. */
  push(bytes: Buffer): Buffer[] {
    const payloads: Buffer[] = []
    let buffer = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    while (buffer.length >= headerBytes) {
      const end = headerBytes + buffer.readUInt32LE()
      if (buffer.length < end) break
      payloads.push(buffer.subarray(headerBytes, end))
      buffer = buffer.subarray(end)
    }
    this.#pending = buffer
    return payloads
  }
}
