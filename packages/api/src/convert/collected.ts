import { create } from '@bufbuild/protobuf'
import type { Collected as LibraryCollected } from '@corral/runner'

import { type Collected, CollectedSchema } from '../gen/corral/v1/status_pb.ts'
import { numberFromProto, numberToProto } from './number.ts'

/** What came of a path that was to be collected. */
export function collectedToProto({ path, files, bytes, omitted }: LibraryCollected): Collected {
  return create(CollectedSchema, {
    path,
    files: numberToProto('files', files),
    bytes: numberToProto('bytes', bytes),
    omitted: omitted ? { ...omitted, count: numberToProto('omitted.count', omitted.count) } : undefined,
  })
}

export function collectedFromProto({ path, files, bytes, omitted }: Collected, at: string): LibraryCollected {
  return {
    path,
    files: numberFromProto(`${at}.files`, files),
    bytes: numberFromProto(`${at}.bytes`, bytes),
    omitted: omitted
      ? {
          count: numberFromProto(`${at}.omitted.count`, omitted.count),
          path: omitted.path,
          errno: omitted.errno,
          reason: omitted.reason,
        }
      : null,
  }
}
