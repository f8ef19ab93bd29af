import { InvalidOptionError } from '../errors/mistakes.ts'
import { refuseUnknownPart } from '../errors/unknown.ts'
import type { Field } from '../store/record.ts'

/** A file that a job finds when it begins: its content, or its content and its mode (default 0o644). */
export type JobFile = string | Uint8Array | { data: string | Uint8Array; mode?: number }

/** A file, checked. */
export interface CheckedFile {
  path: string
  data: Uint8Array
  mode: number
}

/** Most bytes of all files together, with their paths: they travel in the start frame. */
const maxBytes = 1024 * 1024

const defaultMode = 0o644

/** Longest name in a path, in bytes (NAME_MAX in linux/limits.h). */
const maxNameBytes = 255

const acceptedPath = "paths relative to the job's private folder, without empty parts, '.', '..' and NUL"

/** Checks `files`. */
export function checkFiles(files: unknown = {}): CheckedFile[] {
  if (typeof files !== 'object' || files === null || Array.isArray(files)) {
    throw new InvalidOptionError('files', files, 'an object of contents by their paths')
  }
  const checked = Object.entries(files as Record<string, unknown>).map(([path, file]) => checkFile(path, file))
  const bytes = checked.reduce((sum, { path, data }) => sum + Buffer.byteLength(path) + data.byteLength, 0)
  if (bytes > maxBytes) {
    throw new InvalidOptionError('files', `${bytes} bytes`, `at most ${maxBytes} bytes in all, paths included`)
  }
  const paths = new Set(checked.map(({ path }) => path))
  for (const { path } of checked) refuseFileAsFolder(path, paths)
  return checked
}

function checkFile(path: string, file: unknown): CheckedFile {
  const names = path.split('/')
  const isBad = (name: string): boolean =>
    name === '' || name === '.' || name === '..' || Buffer.byteLength(name) > maxNameBytes
  if (path.includes('\0') || names.some(isBad)) throw new InvalidOptionError('files', path, acceptedPath)
  if (typeof file === 'string' || file instanceof Uint8Array) {
    return { path, data: toBytes(file), mode: defaultMode }
  }
  const accepted = 'a string, bytes, or { data, mode } with such data'
  refuseUnknownPart(`files[${path}]`, file, ['data', 'mode'], accepted)
  const { data, mode = defaultMode } = file as { data?: unknown; mode?: unknown }
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw new InvalidOptionError(`files[${path}]`, file, accepted)
  }
  if (typeof mode !== 'number' || !Number.isInteger(mode) || mode < 0 || mode > 0o777) {
    throw new InvalidOptionError(`files[${path}].mode`, mode, 'permission bits, such as 0o755')
  }
  return { path, data: toBytes(data), mode }
}

/** A copy: what the caller does with its buffer while the start is under way changes nothing. */
function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : Uint8Array.from(data)
}

function refuseFileAsFolder(path: string, paths: ReadonlySet<string>): void {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const folder = path.slice(0, slash)
    if (paths.has(folder)) throw new InvalidOptionError('files', path, `no path below ${folder}, which is a file`)
  }
}

/** The fields of a start frame that put files into a folder. */
export function putFields(folder: string, files: readonly CheckedFile[]): Field[] {
  if (files.length === 0) return []
  const fields: Field[] = [['files', folder]]
  for (const { path, data, mode } of files) {
    fields.push(['putfile', path], ['putmode', mode], ['putdata', Buffer.from(data).toString('hex')])
  }
  return fields
}
