import { create } from '@bufbuild/protobuf'

import { type Quota, QuotaSchema } from '../gen/corral/v1/status_pb.ts'
import type { QuotaBounds, QuotaUsage } from '../managed.ts'
import { numberFromProto, numberToProto } from './number.ts'
import { present } from './present.ts'

export function quotaToProto(bounds: QuotaBounds, usage: QuotaUsage): Quota {
  const bytes = (name: 'maxMemoryBytes' | 'maxOutputBytes'): bigint | undefined =>
    bounds[name] === undefined ? undefined : numberToProto(name, bounds[name])
  return create(QuotaSchema, {
    maxJobs: bounds.maxJobs,
    jobs: usage.jobs,
    maxMemoryBytes: bytes('maxMemoryBytes'),
    memoryBytes: numberToProto('memoryBytes', usage.memoryBytes),
    maxCpus: bounds.maxCpus,
    cpus: usage.cpus,
    maxOutputBytes: bytes('maxOutputBytes'),
    outputBytes: numberToProto('outputBytes', usage.outputBytes),
    maxStartsPerMinute: bounds.maxStartsPerMinute,
    startsInLastMinute: usage.startsInLastMinute,
  })
}

export function quotaFromProto(message: Quota, at = 'quota'): { bounds: QuotaBounds; usage: QuotaUsage } {
  const bytes = (field: string, value: bigint | undefined): number | undefined =>
    value === undefined ? undefined : numberFromProto(`${at}.${field}`, value)
  return {
    bounds: present<QuotaBounds>({
      maxJobs: message.maxJobs,
      maxMemoryBytes: bytes('max_memory_bytes', message.maxMemoryBytes),
      maxCpus: message.maxCpus,
      maxOutputBytes: bytes('max_output_bytes', message.maxOutputBytes),
      maxStartsPerMinute: message.maxStartsPerMinute,
    }),
    usage: {
      jobs: message.jobs,
      memoryBytes: numberFromProto(`${at}.memory_bytes`, message.memoryBytes),
      cpus: message.cpus,
      outputBytes: numberFromProto(`${at}.output_bytes`, message.outputBytes),
      startsInLastMinute: message.startsInLastMinute,
    },
  }
}
