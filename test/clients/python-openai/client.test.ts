/** The openai package of Python, its synchronous client, against the scenarios and as the README shows it. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDemoScript, DEMO_MODELS } from '../../../src/demo/demo-models.ts'
import { createStandIn, type StandIn } from '../../../src/demo/stand-in.ts'
import { aimedAt, snippets } from '../../support/documents.ts'
import { startTolk, type Tolk } from '../../support/tolk.ts'
import { readManifest } from '../manifest.ts'
import { missingTool, prepare, PREPARE_MS } from '../run-client.ts'
import { testClient } from '../test-client.ts'

testClient(import.meta.dirname)

const run = promisify(execFile)
const manifest = readManifest(import.meta.dirname)

describe.skipIf(missingTool(manifest) !== null)('openai for Python', () => {
  let ollama: StandIn
  let tolk: Tolk

  beforeAll(async () => {
    await prepare(manifest)
    ollama = await createStandIn({ models: DEMO_MODELS, script: createDemoScript(0) })
    tolk = await startTolk(ollama.url, { log: { level: 'silent' } })
  }, PREPARE_MS)
  afterAll(async () => {
    await tolk.close()
    await ollama.close()
  })

  test('runs what the README shows', async () => {
    const python = `${manifest.cache}/venv/bin/python`
    const programs = snippets('python')
    expect(programs.length).toBeGreaterThan(0)
    for (const program of programs) {
      const { stdout, stderr } = await run(python, ['-c', aimedAt(program, tolk.url)])
      expect(stdout.length).toBeGreaterThan(20)
      expect(stderr).toBe('')
    }
  })
})
