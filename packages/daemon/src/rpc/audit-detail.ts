import { type DescMessage, type JsonObject, type Message, toJson } from '@bufbuild/protobuf'
import type { ExecConfig, JobConfig } from '@corral/api'

/** What is written down of a request, and of which job. */
export interface AuditDetail {
  /** Absent: it has no name yet. */
  job?: string
  detail: JsonObject
}

/** Most characters of a command's words. */
const maxWords = 2048

/**
 * What a mutation was asked for, without what may be secret: values of variables, standard input, contents of files, and
 * profiles, which are long. A command's words are no secret: they are shown in lists.
 */
export function auditDetail(schema: DescMessage, request: Message, response?: Message): AuditDetail {
  const { config, data } = request as { config?: JobConfig | ExecConfig; data?: Uint8Array }
  const shown = {
    ...request,
    ...(config && { config: withoutSecrets(config) }),
    ...(data && { data: new Uint8Array() }),
  }
  const { name: _, ...detail } = toJson(schema, shown, { useProtoFieldName: true }) as JsonObject
  if (config) detail['config'] = { ...(detail['config'] as JsonObject), ...namesIn(config) }
  if (data) detail['bytes'] = data.length
  const job = nameIn(request) || nameIn((response as { job?: object } | undefined)?.job) || nameIn(config)
  return job === '' ? { detail } : { job, detail }
}

function nameIn(value: object = {}): string {
  return 'name' in value && typeof value.name === 'string' ? value.name : ''
}

function withoutSecrets(config: JobConfig | ExecConfig): JobConfig | ExecConfig {
  const { stdin: _, ...shown } = { ...config, env: {}, command: clipWords(config.command) }
  if (!('files' in shown)) return shown
  const { isolation } = shown
  const hasProfile = isolation?.seccomp.case === 'seccompJson'
  return {
    ...shown,
    files: {},
    ...(hasProfile && { isolation: { ...isolation, seccomp: { case: 'seccompMode', value: 'a profile' } } }),
  }
}

/** Of what may be secret only what it is called. */
function namesIn(config: JobConfig | ExecConfig): JsonObject {
  const files = 'files' in config ? Object.keys(config.files) : []
  const { from } = config.stdin ?? {}
  return {
    ...(Object.keys(config.env).length > 0 && { env: Object.keys(config.env) }),
    ...(files.length > 0 && { files }),
    ...(from?.case !== undefined && { stdin: from.case === 'file' ? from.value : from.case }),
  }
}

function clipWords(words: readonly string[]): string[] {
  let room = maxWords
  const kept = words.filter((word) => (room -= word.length) >= 0)
  return kept.length === words.length ? kept : [...kept, `… ${words.length - kept.length} more`]
}
