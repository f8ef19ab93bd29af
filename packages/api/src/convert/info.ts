import { create } from '@bufbuild/protobuf'

import { type DaemonInfo, DaemonInfoSchema } from '../gen/corral/v1/status_pb.ts'
import type { ManagedInfo } from '../managed.ts'
import { FieldError } from './field-error.ts'
import { numberFromProto, numberToProto } from './number.ts'
import { quotaFromProto, quotaToProto } from './quota.ts'
import { dateFromProto, dateToProto, durationFromProto, durationToProto } from './time.ts'

export function infoToProto(info: ManagedInfo): DaemonInfo {
  const { quota, maxActive, startedAt, memoryBytes, uptimeMs, jobs, ...same } = info
  return create(DaemonInfoSchema, {
    ...same,
    startedAt: dateToProto(startedAt),
    uptime: durationToProto('uptimeMs', uptimeMs),
    memoryBytes: numberToProto('memoryBytes', memoryBytes),
    jobs: { ...jobs },
    maxActive: maxActive ?? undefined,
    quota: quotaToProto(quota.bounds, quota.usage),
  })
}

export function infoFromProto(message: DaemonInfo, at = 'info'): ManagedInfo {
  const { uptime, quota } = message
  if (!quota) throw new FieldError(`${at}.quota`, quota, "the caller's quota")
  return {
    version: message.version,
    startedAt: dateFromProto(`${at}.started_at`, message.startedAt),
    uptimeMs: uptime ? durationFromProto(`${at}.uptime`, uptime) : 0,
    draining: message.draining,
    identity: message.identity,
    role: message.role as ManagedInfo['role'],
    hostname: message.hostname,
    kernel: message.kernel,
    architecture: message.architecture,
    cpus: message.cpus,
    memoryBytes: numberFromProto(`${at}.memory_bytes`, message.memoryBytes),
    cgroupLayout: message.cgroupLayout as ManagedInfo['cgroupLayout'],
    storageRoot: message.storageRoot,
    jobs: message.jobs,
    maxActive: message.maxActive ?? null,
    quota: quotaFromProto(quota, `${at}.quota`),
  }
}
