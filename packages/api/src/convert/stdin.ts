import { create } from '@bufbuild/protobuf'
import type { Stdin as LibraryStdin } from '@corral/runner'

import { type Stdin, StdinSchema } from '../gen/corral/v1/job_pb.ts'
import { FieldError } from './field-error.ts'
import { givenText, refuseOthers } from './given.ts'

/** Text goes as UTF-8. What a stream holds is sent while the job runs: the message says only that there is one. */
export function stdinToProto(stdin: LibraryStdin): Stdin {
  if (typeof stdin === 'string') return data(new TextEncoder().encode(stdin))
  if (stdin instanceof Uint8Array) return data(stdin)
  if (typeof stdin === 'object' && stdin !== null) {
    if (Symbol.asyncIterator in stdin) return create(StdinSchema, { from: { case: 'stream', value: true } })
    if ('file' in stdin) {
      refuseOthers('stdin', stdin, ['file'])
      return create(StdinSchema, { from: { case: 'file', value: givenText('stdin.file', stdin.file) ?? '' } })
    }
  }
  throw new FieldError('stdin', stdin, 'a string, a Uint8Array, { file: PATH }, or a stream of bytes')
}

function data(bytes: Uint8Array): Stdin {
  return create(StdinSchema, { from: { case: 'data', value: bytes } })
}

/** Undefined: it is a stream, which comes in other messages. */
export function stdinFromProto({ from }: Stdin, at: string): Uint8Array | { file: string } | undefined {
  if (from.case === 'data') return from.value
  if (from.case === 'file') return { file: from.value }
  if (from.case === 'stream' && from.value) return undefined
  throw new FieldError(at, from.value, '`data`, `file` or `stream: true`')
}

/** Whether the input comes in messages of its own. */
export function streamsInput(stdin: Stdin | undefined): boolean {
  return stdin?.from.case === 'stream'
}
