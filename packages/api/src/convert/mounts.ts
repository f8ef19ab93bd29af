import { create } from '@bufbuild/protobuf'
import type { Mount as LibraryMount } from '@corral/runner'

import { type Mount, MountSchema } from '../gen/corral/v1/job_pb.ts'
import { FieldError } from './field-error.ts'
import { givenCount, givenFlag, givenList, givenText, givenTextOrNumber, refuseOthers } from './given.ts'
import { present } from './present.ts'

const options = ['type', 'source', 'target', 'size', 'mode', 'nosuid', 'nodev', 'noexec']

export function mountsToProto(mounts: unknown): Mount[] {
  return givenList('isolation.mounts', mounts, mountToProto)
}

function mountToProto(option: string, mount: unknown): Mount {
  refuseOthers(option, mount, options)
  const { type, source, target, size, mode, nosuid, nodev, noexec } = mount as Record<string, unknown>
  if (typeof type !== 'string') throw new FieldError(`${option}.type`, type, 'bind, bind-ro, tmpfs or overlay')
  return create(MountSchema, {
    type,
    source: givenText(`${option}.source`, source),
    target: givenText(`${option}.target`, target),
    size: givenTextOrNumber(`${option}.size`, size),
    mode: givenCount(`${option}.mode`, mode),
    nosuid: givenFlag(`${option}.nosuid`, nosuid),
    nodev: givenFlag(`${option}.nodev`, nodev),
    noexec: givenFlag(`${option}.noexec`, noexec),
  })
}

/** What does not go with the type is there still, for the library to refuse. */
export function mountFromProto({ type, source, target, size, mode, nosuid, nodev, noexec }: Mount): LibraryMount {
  return present({ type, source, target, size, mode, nosuid, nodev, noexec }) as unknown as LibraryMount
}
