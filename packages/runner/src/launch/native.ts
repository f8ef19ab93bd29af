import { access, constants } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { CorralError } from '../errors/corral-error.ts'

/** Where the build puts the launcher, as seen from src/launch and from dist/launch alike. */
export const launcherPath = fileURLToPath(new URL('../../native/corral-launcher', import.meta.url))

/** Makes sure that the launcher has been built. */
export async function checkLauncher(): Promise<void> {
  try {
    await access(launcherPath, constants.X_OK)
  } catch (cause) {
    const message = `there is no launcher at ${launcherPath}: build it with npm run build, which needs a C compiler`
    throw new CorralError('LAUNCHER_UNAVAILABLE', message, { path: launcherPath, cause })
  }
}
