import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The top of this project. */
export const projectRoot = join(import.meta.dirname, '../..')

/** The code blocks of a document that are in a language. */
export async function codeBlocks(document: string, language: string): Promise<string[]> {
  const text = await readFile(join(projectRoot, document), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1]!)
}

/** Runs a program as a user of the library, or of the client, would, with the storage root `root` in a folder; what it prints. */
export async function runExample(
  folder: string,
  program: string,
  variables: NodeJS.ProcessEnv = {},
): Promise<{ stdout: string; stderr: string }> {
  await mkdir(join(folder, 'node_modules/@corral'), { recursive: true })
  for (const name of ['runner', 'client']) {
    await symlink(join(projectRoot, 'packages', name), join(folder, 'node_modules/@corral', name))
  }
  const file = join(folder, 'example.ts')
  await writeFile(file, program)
  const env = { PATH: process.env['PATH'], CORRAL_STORAGE_ROOT: join(folder, 'root'), ...variables }
  return promisify(execFile)(process.execPath, [file], { env })
}
