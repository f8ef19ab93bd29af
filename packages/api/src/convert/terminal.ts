import { create } from '@bufbuild/protobuf'
import type { TerminalSize as LibrarySize } from '@corral/runner'

import { type TerminalSize, TerminalSizeSchema } from '../gen/corral/v1/job_pb.ts'
import { FieldError } from './field-error.ts'
import { givenCount, refuseOthers } from './given.ts'

/** The library's size of a terminal that nobody looks at. */
const defaultSize: LibrarySize = { columns: 80, rows: 24 }

/** Undefined: there is to be none. */
export function ttyToProto(tty: unknown): TerminalSize | undefined {
  if (tty === undefined || tty === false) return undefined
  return terminalSizeToProto(tty === true ? defaultSize : tty, 'tty')
}

export function terminalSizeToProto(size: unknown, option = 'size'): TerminalSize {
  refuseOthers(option, size, ['columns', 'rows'])
  const { columns, rows } = size as LibrarySize
  return create(TerminalSizeSchema, {
    columns: required(`${option}.columns`, columns),
    rows: required(`${option}.rows`, rows),
  })
}

function required(option: string, value: unknown): number {
  const count = givenCount(option, value)
  if (count === undefined) throw new FieldError(option, value, 'a whole number from 1')
  return count
}

export function terminalSizeFromProto({ columns, rows }: TerminalSize): LibrarySize {
  return { columns, rows }
}
