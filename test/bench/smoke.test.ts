/** The bench's own parts, together for a moment: that they count, not how fast. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { Patience } from './patience.ts'
import type { Setting } from './setting.ts'
import { sideBySide } from './side-by-side.ts'
import { findVariants } from './variants.ts'
import { modelOf, WORKLOADS } from './workload.ts'

const folder = mkdtempSync(join(tmpdir(), 'tolk-bench-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

test('one stream through tolk and the pass-through: whole answers, checked, and none wrong', async () => {
  const setting: Setting = {
    variants: findVariants(PROGRAM),
    program: PROGRAM,
    folder,
    rounds: 1,
    patience: new Patience(0),
    say: () => {},
  }
  const windows = await sideBySide(setting, {
    names: ['tolk', 'A'],
    pace: {
      model: modelOf(WORKLOADS.brief),
      connections: 1,
      spreadMs: 0,
      warmMs: 0,
      windowMs: 300,
    },
  })
  expect(windows.faults).toEqual([])
  for (const name of ['tolk', 'A'] as const) {
    const [window] = windows.of(name)
    expect(window?.answers).toBeGreaterThan(0)
    expect(window?.tokens).toBe((window?.answers ?? 0) * WORKLOADS.brief.tokens)
    expect(window?.checked).toBeGreaterThan(0)
    expect(window?.firstToken?.count).toBeGreaterThan(0)
  }
})
