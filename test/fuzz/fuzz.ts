/** `npm run fuzz`: the properties of this folder with more cases, from a seed that is printed first. */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FACTOR, SEED } from './variables.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** How many times as many cases as in `npm test`. */
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
})

const root = fileURLToPath(new URL('../../', import.meta.url))
const files = positionals.length > 0 ? positionals : ['test/fuzz']

process.stdout.write(
  `${values.runs} times as many cases as in npm test, seed ${values.seed}; ` +
    `the same again: npm run fuzz -- --runs ${values.runs} --seed ${values.seed}\n`,
)
const child = spawn(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.long.config.ts', ...files],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, [FACTOR]: values.runs, [SEED]: values.seed },
  },
)
const [code] = await once(child, 'exit')
process.exitCode = code === 0 ? 0 : 1
