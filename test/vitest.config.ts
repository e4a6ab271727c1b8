import { defineConfig } from 'vitest/config'
import { LONG } from './long.ts'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/clients/**', ...LONG],
    // Most of the time of most tests is somebody's deadline: more of them than cores.
    maxWorkers: 4,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
