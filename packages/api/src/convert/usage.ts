import { create } from '@bufbuild/protobuf'
import type { Usage as LibraryUsage } from '@corral/runner'

import { type Usage, UsageSchema } from '../gen/corral/v1/status_pb.ts'
import { numberFromProto, numberToProto } from './number.ts'

/** What not every host counts: null, and not set in the message. */
const optional = [
  ['cpuThrottledUs', 'cpu_throttled_us'],
  ['memoryBytes', 'memory_bytes'],
  ['memoryPeakBytes', 'memory_peak_bytes'],
  ['ioReadBytes', 'io_read_bytes'],
  ['ioWriteBytes', 'io_write_bytes'],
  ['ioReadOperations', 'io_read_operations'],
  ['ioWriteOperations', 'io_write_operations'],
  ['pids', 'pids'],
  ['pidsPeak', 'pids_peak'],
] as const satisfies readonly (readonly [keyof LibraryUsage, string])[]

export function usageToProto(usage: LibraryUsage): Usage {
  const message = create(UsageSchema, {
    cpuUserUs: numberToProto('cpuUserUs', Math.trunc(usage.cpuUserUs)),
    cpuSystemUs: numberToProto('cpuSystemUs', Math.trunc(usage.cpuSystemUs)),
  })
  for (const [name] of optional) {
    const value = usage[name]
    if (value !== null) message[name] = numberToProto(name, Math.trunc(value))
  }
  return message
}

export function usageFromProto(message: Usage, at = 'usage'): LibraryUsage {
  const counted = optional.map(([name, field]) => {
    const value = message[name]
    return [name, value === undefined ? null : numberFromProto(`${at}.${field}`, value)] as const
  })
  return {
    cpuUserUs: numberFromProto(`${at}.cpu_user_us`, message.cpuUserUs),
    cpuSystemUs: numberFromProto(`${at}.cpu_system_us`, message.cpuSystemUs),
    ...(Object.fromEntries(counted) as Omit<LibraryUsage, 'cpuUserUs' | 'cpuSystemUs'>),
  }
}
