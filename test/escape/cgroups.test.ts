import { layout } from '../support/cgroups.ts'
import { attack, type Control } from './attempt.ts'

const inNone: Control = { in: 'none' }

/** Files of a job's own cgroup, and of those above it: whoever writes them lifts a limit, moves, or stops others. */
const files =
  layout === 'unified'
    ? [
        'cgroup.procs',
        'cgroup.threads',
        'cgroup.subtree_control',
        'cgroup.kill',
        'cgroup.freeze',
        'memory.max',
        'pids.max',
        'cpu.max',
      ]
    : [
        'cgroup.procs',
        'tasks',
        'cgroup.subtree_control',
        'cgroup.kill',
        'cgroup.freeze',
        'memory.limit_in_bytes',
        'pids.max',
        'cpu.cfs_quota_us',
        'release_agent',
        'notify_on_release',
        'devices.allow',
      ]

attack(files.map((file) => ({ what: `writing ${file}`, command: ['cgroup-write', file], control: inNone })))

const sysAdmin: Control = {
  in: 'standard',
  without: { capabilities: ['CAP_SYS_ADMIN'], seccomp: 'none' },
}

attack([
  { what: 'leaving the cgroup', command: ['cgroup-leave'], control: inNone },
  { what: 'mounting cgroup2 afresh', command: ['mount-fs', 'cgroup2', '/tmp'], control: sysAdmin },
  { what: 'making a cgroup2 by fsopen', command: ['mount-new', 'cgroup2'], control: sysAdmin },
])

// CVE-2022-0492: the release_agent of a hierarchy of v1 that is mounted afresh. Where v2 has all controllers, an empty one.
attack([
  {
    what: 'mounting a v1 hierarchy afresh',
    command: ['mount-fs', 'cgroup', '/tmp', layout === 'unified' ? 'none,name=corral' : 'memory'],
    control: inNone,
  },
])
