export { Metrics, type MetricsOptions, type MetricsSources } from './metrics.ts'
export { MetricsServer, type MetricsServerOptions } from './server.ts'
