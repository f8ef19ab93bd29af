import { defineConfig } from 'vitest/config'

/** In the virtual machine, whose processor is emulated, everything takes about ten times as long. */
const slowness = process.env['CORRAL_IN_VM'] === undefined ? 1 : 8

/** `@corral/runner` is its source, not what was last built of it. */
const conditions = ['source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    // Where jobs live under systemd is for a machine that systemd runs; the machines have no pasta.
    exclude: [
      '**/node_modules/**',
      ...(process.env['CORRAL_IN_VM'] === 'systemd' ? [] : ['test/placement/**', 'test/systemd/**']),
      ...(process.env['CORRAL_IN_VM'] === undefined ? [] : ['test/network/**']),
    ],
    globalSetup: ['test/support/leftovers.ts'],
    testTimeout: 30_000 * slowness,
    hookTimeout: 30_000 * slowness,
    pool: 'forks',
    maxWorkers: 2,
    cache: false,
  },
})
