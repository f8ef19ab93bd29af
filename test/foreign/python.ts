import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const proto = join(import.meta.dirname, '../../packages/api/proto')

/** Debian's own: its packages are what is tried, whatever else is called python3. */
export const python = '/usr/bin/python3'

/** Generates Python from the .proto files into a folder, with Debian's tools. */
export async function generatePython(folder: string): Promise<void> {
  const files = readdirSync(join(proto, 'corral/v1')).map((name) => `corral/v1/${name}`)
  const plugin = '--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin'
  await run('protoc', ['-I', proto, `--python_out=${folder}`, plugin, `--grpc_python_out=${folder}`, ...files])
}

/** Runs a Python program that uses what was generated; gives what it prints. */
export async function runPython(folder: string, program: string, words: readonly string[]): Promise<string> {
  const { stdout } = await run(python, [program, ...words], { env: { PYTHONPATH: folder }, timeout: 60_000 })
  return stdout
}

/** Whether this host has what it takes. */
export async function hasPython(): Promise<boolean> {
  try {
    await run(python, ['-c', 'import grpc, google.protobuf'])
    await run('grpc_python_plugin', ['--version'], { timeout: 1 }).catch(() => {})
    await run('protoc', ['--version'])
    return true
  } catch {
    return false
  }
}
