import { attack, type Control } from './attempt.ts'

/** A filter lets them pass: what refuses is seccomp alone. A kernel may keep TIOCSTI for CAP_SYS_ADMIN (dev.tty.legacy_tiocsti). */
const withoutFilter: Control = { in: 'standard', without: { seccomp: 'none', capabilities: ['CAP_SYS_ADMIN'] } }

// The kernel looks at 32 bits of an ioctl's request, a filter that compares 64 can be told another number.
attack(
  ['TIOCSTI', 'TIOCLINUX'].flatMap((name) =>
    [[], ['1'], ['0x80000000'], ['0xffffffff']].map((high) => ({
      what: [name, ...high].join(', its upper half '),
      command: ['terminal', name, ...high] as const,
      control: withoutFilter,
      refusal: /EPERM|SIGSYS/,
    })),
  ),
)
