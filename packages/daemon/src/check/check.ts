import type { Config } from '../config/schema.ts'
import { findFiles } from './files.ts'
import { findNames } from './names.ts'
import { findTls } from './tls.ts'

/** One thing that was looked at. */
export interface Finding {
  ok: boolean
  what: string
  detail: string
}

/** Looks whether this host has what a configuration speaks of; changes nothing. */
export async function checkHost(config: Config): Promise<Finding[]> {
  const findings = await Promise.all([findFiles(config), findTls(config), findNames(config)])
  return findings.flat()
}
