import { defineConfig } from 'vitest/config'

/** The pure rooms, timed without edges: `npm run bench:micro`. `npm test` leaves them out. */
export default defineConfig({
  test: {
    root: new URL('../../..', import.meta.url).pathname,
    benchmark: { include: ['test/bench/micro/*.bench.ts'] },
    // One at a time, so that none takes another's core.
    maxWorkers: 1,
    // Node runs the sources as they are: Vite's own modules cost more than what is timed.
    experimental: { viteModuleRunner: false },
    testTimeout: 60_000,
  },
})
