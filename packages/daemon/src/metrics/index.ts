export { Metrics, type MetricsOptions } from './metrics.ts'
export { MetricsServer, type MetricsServerOptions } from './server.ts'
