/** What a reader finds in the place of bytes that were dropped, when it is not told otherwise: the library's line. */
export function droppedNotice(bytes: number): Uint8Array {
  return new TextEncoder().encode(`\n[corral: ${bytes} bytes of output were dropped: outputMax]\n`)
}
