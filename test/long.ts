/** Tests that take ten seconds and more, for they count to a million or run whole programs: `npm run test:long`. */
export const LONG: readonly string[] = [
  'test/bench/smoke.test.ts',
  'test/client-faults/bodies.test.ts',
  'test/client-faults/kept-connections.test.ts',
  'test/client-faults/leaving.test.ts',
  'test/config/minted-key.test.ts',
  'test/e2e/package.test.ts',
  'test/e2e/ten-thousand.test.ts',
  'test/fuzz/**/*.test.ts',
  'test/rows/container.test.ts',
  'test/rows/house.test.ts',
  'test/rows/resources.test.ts',
  'test/rows/secrets.test.ts',
]
