import type { Scenario } from './scenario.ts'

/** A scenario is loaded only in the process that runs it. */
export const scenarios = {
  start: async (): Promise<Scenario> => (await import('./start.ts')).start,
  'large-start': async (): Promise<Scenario> => (await import('./start.ts')).startFromLarge,
  rate: async (): Promise<Scenario> => (await import('./rate.ts')).rate,
  delivery: async (): Promise<Scenario> => (await import('./delivery.ts')).delivery,
  reading: async (): Promise<Scenario> => (await import('./reading.ts')).reading,
  memory: async (): Promise<Scenario> => (await import('./memory.ts')).memory,
  command: async (): Promise<Scenario> => (await import('./command.ts')).command,
  'daemon-rate': async (): Promise<Scenario> => (await import('./daemon.ts')).daemonRate,
  'daemon-followers': async (): Promise<Scenario> => (await import('./daemon.ts')).daemonFollowers,
  'daemon-streaming': async (): Promise<Scenario> => (await import('./daemon.ts')).daemonStreaming,
} as const

export type ScenarioName = keyof typeof scenarios

export const scenarioNames = Object.keys(scenarios) as readonly ScenarioName[]
