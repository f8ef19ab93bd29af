import { z } from 'zod'

import { address, duration, fileMode, flag, list, path, size, table, text, whole, word } from './values.ts'

/** Where clients of this host connect. */
export const unix = table({
  path: path('a socket').default('/run/corral/corrald.sock').describe('Its folder is made when it is not there.'),
  mode: fileMode()
    .exactOptional()
    .describe("Who may connect. Default: '0660', or '0600' where there is no group corral and none is named."),
  group: text('the name of a group')
    .exactOptional()
    .describe("Default: corral where it exists, else the daemon's own."),
})

/** Where clients connect that have a certificate. */
export const tls = table({
  listen: address().describe("An address of this host and a port; '[::]:7411' is all of them."),
  certificate: path('a file').describe(
    "The daemon's certificate in PEM, with the intermediates of its chain after it.",
  ),
  key: path('a file').describe('Its private key.'),
  ca: path('a file').describe('The certificates of those whose word on clients is taken.'),
  crl: path('a file').exactOptional().describe('Their revocation lists. Default: nobody is revoked.'),
}).transform(({ listen, ...files }) => ({ ...listen, ...files }))

/** What clients may have of the daemon's connections, memory and time. */
export const connections = table({
  max: whole(1, 1_000_000).default(1024).describe('Connections at once, of all listeners.'),
  maxPerPeer: whole(1, 1_000_000).default(256).describe('Of those, from one address, or of one local user.'),
  maxHandshakes: whole(1, 100_000).default(128).describe('Connections at once that have not said yet who they are.'),
  handshakeTimeout: duration({ min: '100ms', max: '1h' }).prefault('10s').describe('How long these have to say it.'),
  headersTimeout: duration({ min: '100ms', max: '1h' })
    .prefault('10s')
    .describe("How long a request's header may take."),
  requestTimeout: duration({ min: '100ms', max: '1h' })
    .prefault('1m')
    .describe('How long a request may take to arrive.'),
  idleTimeout: duration({ min: '100ms', max: '1d' }).prefault('5m').describe('When one with no request is ended.'),
  keepAlive: duration({ min: '100ms', max: '1d' })
    .prefault('1m')
    .describe('After how long a silence a remote client is asked whether it is there.'),
  keepAliveTimeout: duration({ min: '100ms', max: '1h' }).prefault('20s').describe('How long it has to answer.'),
  maxStreams: whole(1, 1_000_000).default(1000).describe('Requests at once in one HTTP/2 connection.'),
  maxHeader: size({ min: '1K', max: '1M' }).prefault('16K').describe("The size of a request's header."),
  maxMemory: size({ min: '1M', max: '1G' }).prefault('64M').describe('What one HTTP/2 connection may hold in memory.'),
}).transform((each) => ({
  maxConnections: each.max,
  maxConnectionsPerPeer: each.maxPerPeer,
  maxHandshakes: each.maxHandshakes,
  handshakeTimeoutMs: each.handshakeTimeout,
  headersTimeoutMs: each.headersTimeout,
  requestTimeoutMs: each.requestTimeout,
  idleTimeoutMs: each.idleTimeout,
  keepAliveMs: each.keepAlive,
  keepAliveTimeoutMs: each.keepAliveTimeout,
  maxStreamsPerConnection: each.maxStreams,
  maxHeaderBytes: each.maxHeader,
  maxConnectionMemoryBytes: each.maxMemory,
}))

/** What requests may have of it. */
export const requests = table({
  maxMessage: size({ min: '64K', max: '1G' }).prefault('4M').describe('Most bytes of a request, held in memory.'),
  maxStreams: whole(1, 1_000_000).default(8192).describe('Streams at once, waits among them.'),
  maxStreamsPerIdentity: whole(1, 1_000_000).default(1024).describe('Of those, of one identity.'),
}).transform(({ maxMessage, ...same }) => ({ ...same, maxMessageBytes: maxMessage }))

/** How many jobs there may be, and what they may keep. */
export const jobs = table({
  maxActive: whole(1, 1_000_000).exactOptional().describe('Jobs that run at once; more wait. Default: no bound.'),
  maxActivePerOwner: whole(1, 1_000_000).exactOptional().describe('Of those, of one owner. Default: no bound.'),
  maxQueued: whole(0, 1_000_000).default(10_000).describe('Jobs that wait for their turn.'),
  maxQueuedPerOwner: whole(0, 1_000_000).default(1_000).describe('Of those, of one owner.'),
  outputMax: size({ min: '64K' })
    .prefault('1G')
    .describe('Bytes of output that are kept of each job, head and tail, at most.'),
  minFree: size().prefault('64M').describe('What has to be free on the disk when a job is started.'),
}).transform(({ minFree, ...same }) => ({ ...same, minFreeBytes: minFree }))

/** How long ended jobs and their output are kept. */
export const retention = table({
  maxAge: duration({ max: '36500d' }).prefault('7d').describe('After its end.'),
  maxJobs: whole(0, 10_000_000).default(10_000).describe('How many.'),
  maxBytes: size().exactOptional().describe('Bytes of output that they hold together. Default: no bound.'),
}).transform(({ maxAge, ...same }) => ({ ...same, maxAgeMs: maxAge }))

/** What is kept of what has happened, for those who watch and were cut off. */
export const events = table({
  segment: size({ min: '64K', max: '1G' }).prefault('4M').describe('The size of a file of them.'),
  segments: whole(2, 1000).default(8).describe('Most files.'),
}).transform(({ segment, segments }) => ({ segmentBytes: segment, segments }))

export const log = table({
  level: word('trace', 'debug', 'info', 'warn', 'error', 'silent').default('info').describe('What is worth saying.'),
  format: word('json', 'text').default('json').describe('A JSON object in each line, or a line to be read.'),
})

/** Who changed what. */
export const audit = table({
  path: text("the absolute path of a file, or 'stdout'", /^\/[^\0]+$|^stdout$/)
    .default('/var/log/corral/audit.log')
    .describe('A JSON object a line for each change that was asked for is appended to it.'),
  required: flag().default(true).describe('Whether nothing is changed while it cannot be written.'),
  maxPending: size({ min: '64K', max: '1G' }).prefault('8M').describe('Most bytes of lines that wait to be written.'),
}).transform(({ maxPending, ...same }) => ({ ...same, maxPendingBytes: maxPending }))

/** Figures for Prometheus. */
export const metrics = table({
  listen: z
    .union([path('a socket').transform((path) => ({ path })), address()], {
      error: "an address and a port, such as '127.0.0.1:9411', or the absolute path of a socket",
    })
    .describe('Where /metrics, /healthz and /readyz are served over HTTP, to everybody who gets there.'),
  jobLabels: list(text('a label'), 'a list of labels of jobs')
    .default([])
    .describe('Labels of jobs by which their use is told apart, beside their owner.'),
  perJob: flag().default(false).describe('Whether each job is told by its name.'),
  maxSeries: whole(1, 100_000).default(200).describe('Most that are told apart; the others are told as one.'),
})
