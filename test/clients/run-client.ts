/** Runs a client's program: whether it can be, what it needs first, and what it says of each scenario. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { Manifest } from './manifest.ts'
import { isScenario, SCENARIO_IDS, type ScenarioId } from './scenarios.ts'

export type Verdict = {
  readonly scenario: ScenarioId
  /** `cannot`: the client itself has no way to do that; `detail` says why. */
  readonly verdict: 'pass' | 'fail' | 'cannot'
  readonly detail: string
}

/** How long fetching and compiling may take, ms. */
export const PREPARE_MS = 600_000
/** How long all scenarios of one client may take, ms. */
export const RUN_MS = 120_000

/** The first command of `needs` that does not run, as text; `null` when the toolchain is there. */
export const missingTool = ({ needs }: Manifest): string | null => {
  const missing = needs.find(([file = '', ...words]) => {
    try {
      execFileSync(file, words, { stdio: 'ignore', timeout: 30_000 })
      return false
    } catch {
      return true
    }
  })
  return missing?.join(' ') ?? null
}

/** Fetches what the client is made of, unless that was done before. @throws what a command wrote when it failed. */
export const prepare = async (manifest: Manifest): Promise<void> => {
  const { cache, folder } = manifest
  if (existsSync(join(cache, 'ready'))) return
  rmSync(cache, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  for (const [file = '', ...words] of manifest.prepare) {
    const options = { cwd: folder, env: environmentOf(manifest), timeout: PREPARE_MS, maxBuffer }
    await run(file, words, options)
  }
  // Last, so that an interrupted preparation is not taken for a whole one.
  writeFileSync(join(cache, 'ready'), '')
}

/**
 * Runs all scenarios, in one process.
 *
 * @param environment the addresses and keys to use.
 * @returns a verdict on each scenario, in their order; one that the program did not speak of has failed, and its detail is how
 *   the program ended.
 */
export const runClient = async (
  manifest: Manifest,
  environment: Readonly<Record<string, string>>,
): Promise<readonly Verdict[]> => {
  const { folder } = manifest
  const [file = '', ...words] = manifest.run
  const env = { ...environmentOf(manifest), ...environment }
  const options = { cwd: folder, env, timeout: RUN_MS, maxBuffer }
  const { stdout, ending } = await run(file, words, options).then(
    (said) => ({ stdout: said.stdout, ending: tail(said.stderr) }),
    (error: unknown) => endingOf(error),
  )
  const said = stdout.split('\n').flatMap((line) => verdictIn(line) ?? [])
  return SCENARIO_IDS.map(
    (id): Verdict =>
      said.findLast(({ scenario }) => scenario === id) ?? {
        scenario: id,
        verdict: 'fail',
        detail: `Nothing was said of it. ${ending}`,
      },
  )
}

const run = promisify(execFile)
const maxBuffer = 16 * 1024 * 1024

const environmentOf = ({ cache }: Manifest): NodeJS.ProcessEnv => ({
  ...process.env,
  CACHE: cache,
  PYTHONDONTWRITEBYTECODE: '1',
})

const spoken = z
  .object({
    scenario: z.string().refine(isScenario),
    verdict: z.enum(['pass', 'fail', 'cannot']),
    detail: z.string().default(''),
  })
  .refine(({ verdict, detail }) => verdict !== 'cannot' || detail.includes(' '), {
    error: 'says in `detail` why it cannot',
  })

/** Whatever else a runtime prints is not meant for us. */
const verdictIn = (line: string): Verdict | null =>
  line.startsWith('{') ? spoken.parse(JSON.parse(line)) : null

const failure = z.object({ stdout: z.string(), stderr: z.string(), message: z.string() })

const endingOf = (error: unknown): { readonly stdout: string; readonly ending: string } => {
  const { stdout, stderr, message } = failure.parse(error)
  return { stdout, ending: `${message.split('\n', 1).join('')}\n${tail(stderr)}` }
}

const tail = (text: string): string => text.trim().split('\n').slice(-20).join('\n')
