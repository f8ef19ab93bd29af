export * from './gen/corral/v1/job_pb.ts'
export * from './gen/corral/v1/job_service_pb.ts'
export * from './gen/corral/v1/status_pb.ts'
export {
  BadRequestSchema,
  ErrorInfoSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from './gen/google/rpc/error_details_pb.ts'
export type * from './managed.ts'
