import { readFile } from 'node:fs/promises'

import { InvalidOptionError } from '@corral/runner/errors'
import { parse, TomlError } from 'smol-toml'

import { createPolicy, type PolicyConfig } from '../policy/index.ts'
import { jsonSchema, keysAt } from './json-schema.ts'
import { ConfigError, explainIssues, explainOption } from './mistakes.ts'
import { type Config, schema } from './schema.ts'

/** Where the configuration is looked for when no other is named. */
export const defaultConfigFile = '/etc/corral/corrald.toml'

/**
 * Reads a configuration; what it does not say has its default.
 * @throws {ConfigError} with all that is not accepted, each with its line and key.
 */
export async function loadConfig(file: string): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message = `it could not be read (${cause.code}); name another one with --config`
    throw new ConfigError(file, [{ line: 0, key: '', message }], { cause })
  })
  return parseConfig(text, file)
}

/**
 * The configuration that a TOML text says.
 * @throws {ConfigError}
 */
export function parseConfig(text: string, file: string): Config {
  const value = parseToml(text, file)
  const result = schema.safeParse(value)
  if (result.success) {
    checkPolicy(result.data.policy, { text, value, file })
    return result.data
  }
  const source = { text, value, keysAt: (path: readonly (string | number)[]) => keysAt(jsonSchema(), path) }
  throw new ConfigError(file, explainIssues(result.error.issues, source))
}

/** What rules mean, the policy's room knows; it tells of one mistake at a time. */
function checkPolicy(policy: PolicyConfig, source: { text: string; value: unknown; file: string }): void {
  try {
    createPolicy(policy)
  } catch (cause) {
    if (!(cause instanceof InvalidOptionError)) throw cause
    throw new ConfigError(source.file, [explainOption(cause, source)], { cause })
  }
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    const [reason] = cause.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new ConfigError(file, [{ line: cause.line, key: '', message: `not TOML: ${reason}` }], { cause })
  }
}
