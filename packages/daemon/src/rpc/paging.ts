import { FieldError } from '@corral/api'

const defaultSize = 100
const maxSize = 1000

/** Most bytes of a page, whatever was asked for: clients of gRPC take messages of 4 MiB. */
export const maxPageBytes = 3 * 1024 * 1024

/** The most entries that a page is to have. */
export function pageSize(size: number): number {
  if (size <= maxSize) return size === 0 ? defaultSize : size
  throw new FieldError('page_size', size, `at most ${maxSize}`)
}

/** A token says after which name the next page begins: it holds whatever is started or removed meanwhile. */
export function tokenAfter(name: string): string {
  return Buffer.from(`after:${name}`).toString('base64url')
}

/** The name; empty: from the beginning. */
export function nameOfToken(token: string): string {
  if (token === '') return ''
  const text = Buffer.from(token, 'base64url').toString()
  if (text.startsWith('after:') && tokenAfter(text.slice('after:'.length)) === token) return text.slice('after:'.length)
  throw new FieldError('page_token', token, 'the `next_page_token` of the page before')
}
