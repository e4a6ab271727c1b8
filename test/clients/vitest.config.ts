import { defineConfig } from 'vitest/config'

/** The clients of other languages: they install packages of their own, so `npm test` leaves them out. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/clients/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
})
