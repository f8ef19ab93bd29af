import { create } from '@bufbuild/protobuf'
import type { CollectOptions } from '@corral/runner'

import { type Collect, CollectSchema } from '../gen/corral/v1/job_pb.ts'
import { givenTexts, refuseOthers } from './given.ts'
import { numberFromProto, numberToProto } from './number.ts'
import { present } from './present.ts'
import { durationFromProto, durationToProto } from './time.ts'

/** A bare array is `paths`. */
export function collectToProto(collect: readonly string[] | CollectOptions): Collect {
  const options = (Array.isArray(collect) ? { paths: collect } : collect) as CollectOptions
  refuseOthers('collect', options, ['paths', 'maxBytes', 'timeoutMs'])
  const { paths, maxBytes, timeoutMs } = options
  return create(CollectSchema, {
    paths: givenTexts('collect.paths', paths),
    maxBytes: maxBytes === undefined ? undefined : numberToProto('collect.maxBytes', maxBytes),
    timeout: timeoutMs === undefined ? undefined : durationToProto('collect.timeoutMs', timeoutMs),
  })
}

export function collectFromProto({ paths, maxBytes, timeout }: Collect, at: string): CollectOptions {
  return present<CollectOptions>({
    paths,
    maxBytes: maxBytes === undefined ? undefined : numberFromProto(`${at}.max_bytes`, maxBytes),
    timeoutMs: timeout && durationFromProto(`${at}.timeout`, timeout),
  })
}
