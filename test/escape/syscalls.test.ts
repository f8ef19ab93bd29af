import { describe } from 'vitest'

import { asUser, attack, type Control, inStrict } from './attempt.ts'

const inNone: Control = { in: 'none' }

describe('namespaces', () => {
  const kinds = ['user', 'mnt', 'net', 'pid', 'uts', 'ipc', 'cgroup', 'time']
  attack([
    ...kinds.map((kind) => ({
      what: `unshare of a ${kind} namespace`,
      command: ['unshare', kind] as const,
      control: inNone,
    })),
    ...['user', 'mnt', 'net'].map((kind) => ({
      what: `clone with a ${kind} namespace`,
      command: ['clone', kind] as const,
      control: inNone,
    })),
    // Its flags are in memory, where no filter looks: it does not exist at all, and libraries fall back to clone.
    ...['user', 'mnt', 'nothing'].map((kind) => ({
      what: `clone3 with ${kind}`,
      command: ['clone3', kind] as const,
      control: inNone,
      refusal: /ENOSYS/,
    })),
    // A filter alone refuses: an ordinary user may make one on this host.
    {
      what: 'unshare of a user namespace by a user',
      command: ['unshare', 'user'],
      control: { in: 'standard', without: { seccomp: 'none' }, user: 'nobody' },
      by: asUser,
    },
  ])
})

describe('system calls', () => {
  const names = [
    ...['io_uring_setup', 'keyctl', 'add_key', 'request_key', 'bpf', 'perf_event_open', 'userfaultfd'],
    ...['finit_module', 'delete_module', 'kexec_load', 'reboot', 'swapon', 'swapoff', 'settimeofday', 'sethostname'],
    ...['acct', 'quotactl', 'syslog', 'personality', 'pivot_root', 'fspick', 'iopl', 'ioperm'],
  ]
  attack([
    ...names.map((name) => ({ what: name, command: ['call', name] as const, control: inNone })),
    { what: 'ptrace', command: ['trace-me'], control: { in: 'standard', without: {} }, by: inStrict },
  ])
})

describe('system calls of other machines', () => {
  attack([
    { what: 'i386', command: ['i386-call'], control: inNone },
    { what: 'x32', command: ['x32-call'], control: inNone },
  ])
})

describe('sockets', () => {
  const { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW } = { SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3 }
  /** linux/socket.h, linux/netlink.h */
  const families = {
    AF_VSOCK: [40, SOCK_STREAM, 0],
    AF_ALG: [38, 5, 0],
    'AF_NETLINK for what is connected (uevents)': [16, SOCK_RAW, 15],
    'AF_NETLINK for auditing': [16, SOCK_RAW, 9],
    'AF_NETLINK for firewalls': [16, SOCK_RAW, 12],
    'AF_NETLINK for sockets (sock_diag)': [16, SOCK_RAW, 4],
    'AF_NETLINK, generic': [16, SOCK_RAW, 16],
    'AF_NETLINK for connectors': [16, SOCK_RAW, 11],
    AF_KEY: [15, SOCK_RAW, 2],
    AF_XDP: [44, SOCK_RAW, 0],
    AF_BLUETOOTH: [31, SOCK_RAW, 1],
    AF_CAN: [29, SOCK_RAW, 1],
    AF_TIPC: [30, SOCK_DGRAM, 0],
    AF_RDS: [21, 5, 0],
  } as const
  /** What Docker allows, and what `strict` does not. */
  const further = { AF_PACKET: [17, SOCK_RAW, 0], 'AF_NETLINK for routes': [16, SOCK_RAW, 0] } as const
  const words = ([family, type, protocol]: readonly number[]) =>
    ['socket', `${family}`, `${type}`, `${protocol}`] as const
  attack([
    ...Object.entries(families).map(([what, numbers]) => ({ what, command: words(numbers), control: inNone })),
    ...Object.entries(further).map(([what, numbers]) => ({
      what,
      command: words(numbers),
      control: inNone,
      by: inStrict,
    })),
  ])
})
