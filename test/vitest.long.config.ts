import { defineConfig } from 'vitest/config'
import { LONG } from './long.ts'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: [...LONG],
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
