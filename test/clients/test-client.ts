/** The tests of one client: a title for each scenario. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { readManifest } from './manifest.ts'
import type { Outcome } from './matrix.ts'
import { startRig } from './rig.ts'
import { missingTool, prepare, PREPARE_MS, RUN_MS, runClient, type Verdict } from './run-client.ts'
import { SCENARIO_IDS, SCENARIOS } from './scenarios.ts'

/** Declares the tests of the client in this folder; skipped, and said so, when its toolchain is missing. */
export const testClient = (folder: string): void => {
  const manifest = readManifest(folder)
  const { id, client, language, version } = manifest
  const missing = missingTool(manifest)
  const note = (outcome: Outcome): void =>
    writeFileSync(join(inject('outcomes'), `${id}.json`), JSON.stringify(outcome))
  const about = { id, client, language, version }

  if (missing !== null) {
    console.warn(`SKIPPED: the client ${id}, because \`${missing}\` does not run here`)
    note({ ...about, missing })
  }

  describe.skipIf(missing !== null)(`${client} (${language})`, () => {
    let verdicts: readonly Verdict[] = []

    beforeAll(async () => {
      await prepare(manifest)
      const rig = await startRig()
      try {
        verdicts = await runClient(manifest, rig.environment)
      } finally {
        await rig.close()
      }
      note({ ...about, verdicts })
    }, PREPARE_MS + RUN_MS)

    test('is pinned to the version that the matrix shows', () => {
      const locks = manifest.locks.map((lock) => readFileSync(join(folder, lock), 'utf8'))
      expect(locks.some((lock) => lock.includes(version))).toBe(true)
    })

    test.each(SCENARIO_IDS)('%s', (scenario) => {
      const { verdict = 'fail', detail = '' } =
        verdicts.find((said) => said.scenario === scenario) ?? {}
      expect(verdict, `${SCENARIOS[scenario]}: ${detail}`).not.toBe('fail')
    })
  })
}
