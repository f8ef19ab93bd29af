import { create, type JsonObject } from '@bufbuild/protobuf'
import type { JobSpec } from '@corral/runner'

import { type JobDescription, JobDescriptionSchema } from '../gen/corral/v1/status_pb.ts'
import type { ManagedDescription } from '../managed.ts'
import { FieldError } from './field-error.ts'
import { summaryFromProto, summaryToProto } from './summary.ts'

/** All that is known of a job. */
export function descriptionToProto(job: ManagedDescription): JobDescription {
  return create(JobDescriptionSchema, {
    job: summaryToProto(job),
    // As it is in spec.json.
    spec: job.spec ? (JSON.parse(JSON.stringify(job.spec)) as JsonObject) : undefined,
    outputPath: job.outputPath,
    collectedPath: job.collectedPath ?? undefined,
    changedPaths: job.changedPaths.map(({ target, path }) => ({ target, path })),
    ownUid: job.ownUid ?? undefined,
  })
}

export function descriptionFromProto(message: JobDescription, at = 'description'): ManagedDescription {
  if (!message.job) throw new FieldError(`${at}.job`, message.job, "a job's status")
  return {
    ...summaryFromProto(message.job, `${at}.job`),
    spec: message.spec ? (message.spec as unknown as JobSpec) : null,
    outputPath: message.outputPath,
    collectedPath: message.collectedPath ?? null,
    changedPaths: message.changedPaths.map(({ target, path }) => ({ target, path })),
    ownUid: message.ownUid ?? null,
  }
}
