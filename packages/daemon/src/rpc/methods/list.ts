import { create, toBinary } from '@bufbuild/protobuf'
import {
  type Job,
  JobSchema,
  type ListRequest,
  type ListResponse,
  ListResponseSchema,
  type ManagedSummary,
  stateFromProto,
  summaryToProto,
} from '@corral/api'

import type { Call } from '../call.ts'
import { maxPageBytes, nameOfToken, pageSize, tokenAfter } from '../paging.ts'

/** A page of the jobs that the caller can see, by name. */
export async function list(request: ListRequest, { grant, services }: Call): Promise<ListResponse> {
  const size = pageSize(request.pageSize)
  const after = nameOfToken(request.pageToken)
  const isWanted = filterOf(request)
  const found = services.jobs.all().filter((job) => job.name > after && grant.sees(job.owner) && isWanted(job))
  const jobs = firstPage(found, size)
  const nextPageToken = jobs.length < found.length ? tokenAfter(jobs.at(-1)!.name) : ''
  return create(ListResponseSchema, { jobs, nextPageToken })
}

function filterOf({ labels, labelKeys, states, owner }: ListRequest): (job: ManagedSummary) => boolean {
  const wanted = Object.entries(labels)
  const wantedStates = new Set(states.map((state, index) => stateFromProto(`states[${index}]`, state)))
  return (job) =>
    (owner === '' || job.owner === owner) &&
    (wantedStates.size === 0 || wantedStates.has(job.state)) &&
    labelKeys.every((key) => Object.hasOwn(job.labels, key)) &&
    wanted.every(([key, value]) => Object.hasOwn(job.labels, key) && job.labels[key] === value)
}

/** At least one, however large. */
function firstPage(found: readonly ManagedSummary[], size: number): Job[] {
  const jobs: Job[] = []
  let bytes = 0
  for (const summary of found.slice(0, size)) {
    const job = summaryToProto(summary)
    bytes += toBinary(JobSchema, job).length
    if (bytes > maxPageBytes && jobs.length > 0) break
    jobs.push(job)
  }
  return jobs
}
