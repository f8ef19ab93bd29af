/**
 * What a command reads from its standard input: a text, in UTF-8; bytes; a file, by its absolute path; or a stream of
 * either, of Node's or of the web, or any other that can be iterated over.
 */
export type Stdin = string | Uint8Array | { file: string } | AsyncIterable<string | Uint8Array>

/** The size of a terminal's window, in characters. */
export interface TerminalSize {
  columns: number
  rows: number
}
