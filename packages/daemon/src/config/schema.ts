import { z } from 'zod'

import { address, duration, fileMode, path, table, text, word } from './values.ts'

/** What a daemon listens on for clients of this host. */
const unix = table({
  path: path('a socket')
    .prefault('/run/corral/corrald.sock')
    .describe('The socket. Its folder is made when it is not there.'),
  mode: fileMode().prefault('0660').describe('Who may connect: the mode of the socket.'),
  group: text('the name of a group').exactOptional().describe("The group of the socket. Default: the daemon's own."),
})

const log = table({
  level: word('trace', 'debug', 'info', 'warn', 'error')
    .default('info')
    .describe('What is logged, to standard error as JSON lines.'),
})

const metrics = table({
  listen: address()
    .exactOptional()
    .describe('Where /metrics is served, over HTTP, to everybody who gets there. Default: nowhere.'),
})

/** All that `corrald.toml` can say. */
export const schema = table({
  storageRoot: path('a folder')
    .default('/var/lib/corral')
    .describe('The folder of the jobs. It belongs to this daemon alone.'),
  jobNamePrefix: text('letters, digits, -, _ and .')
    .default('job.')
    .describe('How the names of jobs begin that are given none.'),
  cgroupParent: path('a cgroup')
    .exactOptional()
    .describe('The cgroup below which jobs live. Default: chosen as corral doctor says.'),
  onStop: word('keep', 'stop')
    .default('keep')
    .describe('What becomes of jobs when the daemon is stopped: they are kept running for the next one, or stopped.'),
  drainTimeout: duration({ min: '0s', max: '1h' })
    .prefault('10s')
    .describe('Most time that a stop of the daemon takes.'),
  log: log.prefault({}),
  unix: unix.prefault({}),
  metrics: metrics.prefault({}),
})

/** A configuration, with all defaults. */
export type Config = z.output<typeof schema>
