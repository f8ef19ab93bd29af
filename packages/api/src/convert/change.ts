import { create } from '@bufbuild/protobuf'
import type { Change as LibraryChange } from '@corral/runner'

import { type Change, ChangeKind, ChangeSchema, FileType } from '../gen/corral/v1/job_service_pb.ts'
import { choice } from './choice.ts'

const kinds = choice<LibraryChange['kind'], ChangeKind>({
  added: ChangeKind.ADDED,
  modified: ChangeKind.MODIFIED,
  deleted: ChangeKind.DELETED,
})

const types = choice<LibraryChange['type'], FileType>({
  file: FileType.FILE,
  directory: FileType.DIRECTORY,
  symlink: FileType.SYMLINK,
  fifo: FileType.FIFO,
  socket: FileType.SOCKET,
  device: FileType.DEVICE,
})

export function changeToProto({ kind, path, type }: LibraryChange): Change {
  return create(ChangeSchema, { kind: kinds.toProto('kind', kind), path, type: types.toProto('type', type) })
}

export function changeFromProto(message: Change, at = 'change'): LibraryChange {
  return {
    kind: kinds.fromProto(`${at}.kind`, message.kind),
    path: message.path,
    type: types.fromProto(`${at}.type`, message.type),
  }
}
