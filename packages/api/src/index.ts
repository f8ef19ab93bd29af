export * from './gen/corral/v1/job_pb.ts'
export * from './gen/corral/v1/job_service_pb.ts'
export * from './gen/corral/v1/status_pb.ts'
export {
  BadRequestSchema,
  file_google_rpc_error_details,
  ErrorInfoSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from './gen/google/rpc/error_details_pb.ts'
export * as grpcHealth from './gen/grpc/health/v1/health_pb.ts'
export * as grpcReflection from './gen/grpc/reflection/v1/reflection_pb.ts'
export * as grpcReflectionAlpha from './gen/grpc/reflection/v1alpha/reflection_pb.ts'
export type * from './managed.ts'
export { changeFromProto, changeToProto } from './convert/change.ts'
export { descriptionFromProto, descriptionToProto } from './convert/description.ts'
export { eventFromProto, eventToProto } from './convert/event.ts'
export { execConfigFromProto, execConfigToProto } from './convert/exec-config.ts'
export { execStatusFromProto, execStatusToProto } from './convert/exec-status.ts'
export { FieldError } from './convert/field-error.ts'
export { fieldPathOf } from './convert/field-path.ts'
export { infoFromProto, infoToProto } from './convert/info.ts'
export { isolationFromProto, isolationToProto } from './convert/isolation.ts'
export { jobConfigFromProto, jobConfigToProto } from './convert/job-config.ts'
export { limitsFromProto, limitsToProto, pickLimits } from './convert/limits.ts'
export { numberFromProto, numberToProto } from './convert/number.ts'
export { quotaFromProto, quotaToProto } from './convert/quota.ts'
export { type StartFields, startRequestFromProto, startRequestToProto } from './convert/start.ts'
export { stateFromProto, stateToProto } from './convert/state.ts'
export { streamsInput } from './convert/stdin.ts'
export { summaryFromProto, summaryToProto } from './convert/summary.ts'
export { terminalSizeFromProto, terminalSizeToProto } from './convert/terminal.ts'
export { dateFromProto, dateToProto, durationFromProto, durationToProto } from './convert/time.ts'
export { usageFromProto, usageToProto } from './convert/usage.ts'
