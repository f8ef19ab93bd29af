import { create } from '@bufbuild/protobuf'
import type { JobFile as LibraryFile } from '@corral/runner'

import { type JobFile, JobFileSchema } from '../gen/corral/v1/job_pb.ts'
import { FieldError } from './field-error.ts'
import { givenCount, givenObject, refuseOthers } from './given.ts'

export function filesToProto(files: unknown): Record<string, JobFile> {
  if (files === undefined) return {}
  const entries = Object.entries(givenObject('files', files, 'an object of contents by their paths'))
  return Object.fromEntries(entries.map(([path, file]) => [path, fileToProto(`files[${path}]`, file)]))
}

function fileToProto(option: string, file: unknown): JobFile {
  if (typeof file === 'string' || file instanceof Uint8Array) return create(JobFileSchema, { data: toBytes(file) })
  refuseOthers(option, file, ['data', 'mode'])
  const { data, mode } = file as Record<string, unknown>
  if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
    throw new FieldError(option, file, 'a string, bytes, or { data, mode } with such data')
  }
  return create(JobFileSchema, { data: toBytes(data), mode: givenCount(`${option}.mode`, mode) })
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data
}

/** Undefined: there are none. */
export function filesFromProto(files: Record<string, JobFile>): Record<string, LibraryFile> | undefined {
  const entries = Object.entries(files)
  if (entries.length === 0) return undefined
  return Object.fromEntries(
    entries.map(([path, { data, mode }]) => [path, mode === undefined ? data : { data, mode }] as const),
  )
}
