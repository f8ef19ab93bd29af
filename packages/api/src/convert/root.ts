import { create } from '@bufbuild/protobuf'
import type { Root, RootFolder as LibraryFolder } from '@corral/runner'

import { type Isolation, RootFolderSchema } from '../gen/corral/v1/job_pb.ts'
import { FieldError } from './field-error.ts'
import { givenText, refuseOthers } from './given.ts'
import { present } from './present.ts'

type RootField = Isolation['root']

export function rootToProto(root: unknown): RootField {
  if (root === undefined) return { case: undefined }
  if (typeof root === 'string') return { case: 'rootMode', value: root }
  refuseOthers('isolation.root', root, ['directory', 'access'])
  const { directory, access } = root as Record<string, unknown>
  if (typeof directory !== 'string') throw new FieldError('isolation.root.directory', directory, 'an absolute path')
  const value = create(RootFolderSchema, { directory, access: givenText('isolation.root.access', access) })
  return { case: 'rootFolder', value }
}

export function rootFromProto(root: RootField): Root | undefined {
  if (root.case === 'rootMode') return root.value as Root
  if (root.case !== 'rootFolder') return undefined
  const { directory, access } = root.value
  return present<LibraryFolder>({ directory, access: access as LibraryFolder['access'] })
}
