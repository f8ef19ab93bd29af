import { existsSync } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { CorralError } from '../errors/corral-error.ts'

/** Where the build puts the launcher (`imports` in package.json); a release has it in a package for each machine. */
export function launcherPath(): string {
  const built = fileURLToPath(import.meta.resolve('#launcher'))
  if (existsSync(built)) return built
  try {
    return fileURLToPath(import.meta.resolve(`${platformPackage}/corral-launcher`))
  } catch {
    return built
  }
}

const platformPackage = `@corral/launcher-linux-${process.arch}`

/** Makes sure that the launcher has been built. */
export async function checkLauncher(): Promise<void> {
  const path = launcherPath()
  try {
    await access(path, constants.X_OK)
  } catch (cause) {
    const message = `there is no launcher at ${path}: install ${platformPackage}, or build it with npm run build, which needs a C compiler`
    throw new CorralError('LAUNCHER_UNAVAILABLE', message, { path, cause })
  }
}
