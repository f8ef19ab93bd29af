import { setTimeout as delay } from 'node:timers/promises'

/** In the virtual machine, whose processor is emulated, everything takes about ten times as long. */
export const slowness = process.env['CORRAL_IN_VM'] === undefined ? 1 : 8

/** Tries until it no longer throws: for what the kernel, or another process, does in its own time and tells nobody. */
export async function eventually<T>(attempt: () => T | Promise<T>, patienceMs = 10_000 * slowness): Promise<T> {
  for (const deadline = performance.now() + patienceMs; ; await delay(10)) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
  }
}
