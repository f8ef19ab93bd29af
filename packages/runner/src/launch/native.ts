import { access, constants } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { CorralError } from '../errors/corral-error.ts'

/** Where the build puts the launcher: `imports` in package.json says, to the source and to what is built of it alike. */
export function launcherPath(): string {
  return fileURLToPath(import.meta.resolve('#launcher'))
}

/** Makes sure that the launcher has been built. */
export async function checkLauncher(): Promise<void> {
  const path = launcherPath()
  try {
    await access(path, constants.X_OK)
  } catch (cause) {
    const message = `there is no launcher at ${path}: build it with npm run build, which needs a C compiler`
    throw new CorralError('LAUNCHER_UNAVAILABLE', message, { path, cause })
  }
}
