/** The openai package of Python, unpatched, in front of the demo models. */
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDemoScript, DEMO_MODELS } from '../../src/demo/demo-models.ts'
import { createStandIn, type StandIn } from '../../src/demo/stand-in.ts'
import { aimedAt, snippets } from '../support/documents.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

const run = promisify(execFile)
const FOLDER = fileURLToPath(new URL('python/', import.meta.url))
const SCENARIOS = ['text', 'tool_round_trip', 'tool_round_trip_streamed', 'models', 'errors']

const hasPython = (() => {
  try {
    execFileSync('python3', ['-c', 'import venv, ensurepip'], { stdio: 'ignore' })
    return true
  } catch {
    console.warn('SKIPPED: the Python client, because python3 with venv is not installed')
    return false
  }
})()

/** A virtual environment with the pinned packages, kept in the user's cache between runs. */
const preparePython = async (): Promise<string> => {
  const requirements = join(FOLDER, 'requirements.txt')
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16)
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const folder = join(cache, 'tolk', `python-${digest}`)
  const python = join(folder, 'bin', 'python')
  if (existsSync(join(folder, 'ready'))) return python
  mkdirSync(folder, { recursive: true })
  await run('python3', ['-m', 'venv', '--clear', folder])
  await run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements])
  // Last, so that an interrupted preparation is not taken for a whole one.
  writeFileSync(join(folder, 'ready'), '')
  return python
}

describe.skipIf(!hasPython)('openai for Python', () => {
  let ollama: StandIn
  let tolk: Tolk
  let python: string

  beforeAll(async () => {
    python = await preparePython()
    ollama = await createStandIn({ models: DEMO_MODELS, script: createDemoScript(0) })
    tolk = await startTolk(ollama.url, { log: { level: 'silent' } })
  })
  afterAll(async () => {
    await tolk.close()
    await ollama.close()
  })

  test('has a scenario for each test here', () => {
    const source = readFileSync(join(FOLDER, 'scenarios.py'), 'utf8')
    expect(SCENARIOS.filter((name) => !source.includes(`def ${name}(client)`))).toEqual([])
  })

  test('runs what the README shows', async () => {
    const programs = snippets('python')
    expect(programs.length).toBeGreaterThan(0)
    for (const program of programs) {
      const { stdout, stderr } = await run(python, ['-c', aimedAt(program, tolk.url)])
      expect(stdout.length).toBeGreaterThan(20)
      expect(stderr).toBe('')
    }
  })

  test.each(SCENARIOS)('passes the scenario %s', async (name) => {
    const { stderr } = await run(python, [join(FOLDER, 'scenarios.py'), name, tolk.baseURL])
    expect(stderr).toBe('')
  })
})
