import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'

import { JobConfigSchema } from '../gen/corral/v1/job_pb.ts'
import { fieldPathOf } from './field-path.ts'

/** The field that a path leads to, below a message. */
function fieldAt(message: DescMessage, path: string): DescField | undefined {
  const [name, ...rest] = path.replaceAll(/\[("[^"]*"|\d+)\]/g, '').split('.')
  const field = message.fields.find((each) => each.name === name)
  return rest.length === 0 || !field?.message ? field : fieldAt(field.message, rest.join('.'))
}

describe('fieldPathOf', () => {
  it.each([
    ['command', 'command'],
    ['memoryMax', 'limits.memory_max'],
    ['pidsMax', 'limits.pids_max'],
    ['ioMax', 'limits.io_max'],
    ['timeoutMs', 'timeout'],
    ['stopGraceMs', 'stop_grace'],
    ['stopSignal', 'stop_signal'],
    ['outputMax', 'output_max'],
    ['noLimits', 'no_limits'],
    ['env', 'env'],
    ['env.PATH', 'env["PATH"]'],
    ['labels.app.name', 'labels["app.name"]'],
    ['files', 'files'],
    ['files[bin/run]', 'files["bin/run"]'],
    ['files[bin/run].mode', 'files["bin/run"].mode'],
    ['collect.maxBytes', 'collect.max_bytes'],
    ['collect.timeoutMs', 'collect.timeout'],
    ['collect.paths', 'collect.paths'],
    ['stdin.file', 'stdin.file'],
    ['tty', 'tty'],
    ['workdir.size', 'workdir.size'],
    ['isolation', 'isolation'],
    ['isolation.profile', 'isolation.profile'],
    ['isolation.root', 'isolation.root_mode'],
    ['isolation.root.directory', 'isolation.root_folder.directory'],
    ['isolation.mounts[0].source', 'isolation.mounts[0].source'],
    ['isolation.network', 'isolation.network_mode'],
    ['isolation.network.ports[1]', 'isolation.private_network.ports[1]'],
    ['isolation.network.allow[2]', 'isolation.private_network.allow.networks[2]'],
    ['isolation.seccomp', 'isolation.seccomp_mode'],
    ['isolation.seccomp.syscalls[0].args[1].index', 'isolation.seccomp_json'],
    ['isolation.rlimits.nofile', 'isolation.rlimits["nofile"]'],
    ['isolation.uidMap[0]', 'isolation.uid_map[0]'],
    ['isolation.readOnlyPaths', 'isolation.read_only_paths'],
    ['isolation.capabilities[0]', 'isolation.capabilities.names[0]'],
    ['isolation.noNewPrivileges', 'isolation.no_new_privileges'],
  ])('%s', (option, path) => {
    expect(fieldPathOf(option)).toBe(path)
    expect(fieldAt(JobConfigSchema, path)).toBeDefined()
  })

  it('leads to what lies beside the configuration', () => {
    expect(['restart.backoffMaxMs', 'restart.maxRestarts', 'whenFull', 'graceMs', 'from'].map(fieldPathOf)).toEqual([
      'restart.backoff_max',
      'restart.max_restarts',
      'when_full',
      'grace',
      'offset',
    ])
  })
})
