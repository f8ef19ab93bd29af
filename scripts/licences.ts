import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The licences of the packages that files below node_modules are of, as they have to go with what holds these files. */
export async function licencesOf(root: string, files: readonly string[]): Promise<string> {
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0])
  const packages = [...new Set(folders)].filter((folder) => folder !== undefined).toSorted()
  const texts = await Promise.all(packages.map((folder) => licenceOf(join(root, folder))))
  return `What is in these files beside Corral itself:\n\n${texts.join('\n')}`
}

async function licenceOf(folder: string): Promise<string> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8')
  const { name, version, license } = JSON.parse(manifest) as Record<string, string>
  const file = (await readdir(folder)).find((file) => /^licen[cs]e/i.test(file))
  const text = file === undefined ? '' : `\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`
  return `== ${name} ${version}: ${license}\n${text}`
}
