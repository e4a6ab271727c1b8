import { defineConfig } from 'vitest/config'

/**
 * The client matrix. Clients install packages of their own, so `npm test` leaves them out; two at a time, for each
 * brings a runtime with it.
 */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/clients/**/*.test.ts'],
    globalSetup: ['test/clients/matrix.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
})
