import type { z } from 'zod'

import { identity, quota, rules } from './policy.ts'
import { audit, connections, events, jobs, log, metrics, requests, retention, tls, unix } from './sections.ts'
import { duration, flag, list, path, table, text, word } from './values.ts'

/** All that `corrald.toml` can say. */
export const schema = table({
  storageRoot: path('a folder')
    .default('/var/lib/corrald')
    .describe('The folder of the jobs. It belongs to this daemon alone.'),
  jobNamePrefix: text('at most 92 letters, digits and _ . : -', /^[\w.:-]{1,92}$/)
    .default('job.')
    .describe('How the names of jobs begin that are given none.'),
  cgroupParent: path('a cgroup')
    .exactOptional()
    .describe('The cgroup below which jobs live. Default: as corral doctor says.'),
  ownScope: flag()
    .default(true)
    .describe(
      'Whether, under systemd, jobs live in a scope beside the service, so that it can be restarted while they run; false: in its own cgroup, and they end with it.',
    ),
  onStop: word('keep', 'stop')
    .default('keep')
    .describe('What becomes of jobs when the daemon is stopped: they run on for the next one, or are stopped.'),
  drainTimeout: duration({ max: '1h' }).prefault('10s').describe('Most time that a stop of the daemon takes.'),
  log: log.prefault({}).describe('What the daemon says.'),
  audit: audit.prefault({}).describe('Who changed what.'),
  unix: unix.prefault({}).describe('The socket for clients of this host.'),
  tls: tls.exactOptional().describe('TLS 1.3 for clients that have a certificate. Default: none.'),
  metrics: metrics.exactOptional().describe('Figures for Prometheus. Default: none.'),
  connections: connections.prefault({}).describe("What clients may have of the daemon's connections, memory and time."),
  requests: requests.prefault({}).describe('What requests may have of the daemon.'),
  jobs: jobs.prefault({}).describe('How many jobs there may be, and what they may keep.'),
  retention: retention.prefault({}).describe('How long ended jobs and their output are kept.'),
  events: events.prefault({}).describe('What is kept of what has happened, for those who watch and were cut off.'),
  quota: quota.prefault({}).describe('What each identity that is no admin may use at once. Default: no bounds.'),
  rules: rules.prefault({}).describe('What jobs may be asked to be.'),
  identity: list(identity, 'a list of tables').default([]).describe('Who may do what.'),
}).transform(({ drainTimeout, quota, rules, identity, ...same }) => ({
  ...same,
  drainTimeoutMs: drainTimeout,
  policy: { quota, rules, identities: identity },
}))

/** A configuration, with all defaults. */
export type Config = z.output<typeof schema>
