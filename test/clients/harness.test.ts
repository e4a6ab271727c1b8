/** The harness itself: a client that says nothing, says nonsense or cannot run is never taken for one that passes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startControl, type Control } from './control.ts'
import type { Manifest } from './manifest.ts'
import { matrixOf, type Outcome } from './matrix.ts'
import { missingTool, prepare, runClient, type Verdict } from './run-client.ts'
import { SCENARIO_IDS } from './scenarios.ts'
import { startModels } from './stand-in.ts'

const folder = mkdtempSync(join(tmpdir(), 'client-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A client that is a line of JavaScript. */
const clientOf = (program: string, changes: Partial<Manifest> = {}): Manifest => ({
  client: 'made up',
  language: 'JavaScript',
  version: '1.0.0',
  locks: [],
  needs: [[process.execPath, '--version']],
  prepare: [],
  run: step(program),
  folder,
  id: 'js-made-up',
  cache: join(folder, 'cache'),
  ...changes,
})

const step = (program: string) => [process.execPath, '--eval', program]

const say = (line: object): string => `console.log(${JSON.stringify(JSON.stringify(line))});`

const verdictOn = (verdicts: readonly Verdict[], id: string): Verdict | undefined =>
  verdicts.find(({ scenario }) => scenario === id)

describe('a program', () => {
  test('is believed in what it says, whatever else it prints', async () => {
    const cannot = { scenario: 'n', verdict: 'cannot', detail: 'It has one choice.' }
    const program = `console.log('Hello.');${say({ scenario: 'stream', verdict: 'pass' })}${say(cannot)}`
    const verdicts = await runClient(clientOf(program), {})
    expect(verdicts.map(({ scenario }) => scenario)).toEqual(SCENARIO_IDS)
    expect(verdictOn(verdicts, 'stream')?.verdict).toBe('pass')
    expect(verdictOn(verdicts, 'n')).toEqual(cannot)
  })

  test('has failed in what it does not speak of', async () => {
    const verdicts = await runClient(clientOf(say({ scenario: 'stream', verdict: 'pass' })), {})
    expect(verdicts.filter(({ verdict }) => verdict === 'fail')).toHaveLength(
      SCENARIO_IDS.length - 1,
    )
  })

  test('that breaks down says how, and keeps what it said', async () => {
    const program = `${say({ scenario: 'models', verdict: 'pass' })}throw new Error('a broken thing')`
    const verdicts = await runClient(clientOf(program), {})
    expect(verdictOn(verdicts, 'models')?.verdict).toBe('pass')
    expect(verdictOn(verdicts, 'abort')).toMatchObject({ verdict: 'fail' })
    expect(verdictOn(verdicts, 'abort')?.detail).toContain('a broken thing')
  })

  test.each([
    { line: { scenario: 'n', verdict: 'cannot' }, about: 'cannot do something for no reason' },
    { line: { scenario: 'nonsense', verdict: 'pass' }, about: 'passes what nobody asked for' },
    { line: { scenario: 'n', verdict: 'passed' }, about: 'has a verdict of its own' },
  ])('is refused when it $about', async ({ line }) => {
    await expect(runClient(clientOf(say(line)), {})).rejects.toThrow(/scenario|detail|verdict/)
  })

  test('gets the addresses, and the folder that is its own', async () => {
    const program = 'console.error(process.env.BASE_URL, process.env.CACHE)'
    const verdicts = await runClient(clientOf(program), { BASE_URL: 'http://tolk' })
    expect(verdictOn(verdicts, 'n')?.detail).toContain(`http://tolk ${join(folder, 'cache')}`)
  })
})

describe('a toolchain', () => {
  test('is there when its commands run', () => {
    expect(missingTool(clientOf(''))).toBeNull()
  })

  test('is missing when one does not', () => {
    const needs = [
      [process.execPath, '--version'],
      ['no-such-tool', 'version'],
    ]
    expect(missingTool(clientOf('', { needs }))).toBe('no-such-tool version')
  })

  test('is prepared once, and again when that did not come to its end', async () => {
    const counts = step("require('fs').appendFileSync('count', '.')")
    const fails = clientOf('', { prepare: [counts, step('process.exit(1)')] })
    await expect(prepare(fails)).rejects.toThrow('process.exit(1)')
    const works = clientOf('', { prepare: [counts] })
    await prepare(works)
    await prepare(works)
    expect(readFileSync(join(folder, 'count'), 'utf8')).toBe('..')
  })
})

test('the table tells a skip from a pass, and why something cannot be, or not all of it', () => {
  const about = { client: 'a', language: 'Go', version: '1' }
  const detail = 'It has no way to say so.'
  const verdicts = SCENARIO_IDS.map((scenario): Verdict => {
    if (scenario === 'n') return { scenario, verdict: 'cannot', detail }
    if (scenario === 'errors') return { scenario, verdict: 'pass', detail: 'But for one.' }
    return { scenario, verdict: scenario === 'abort' ? 'fail' : 'pass', detail: '' }
  })
  const outcomes: readonly Outcome[] = [
    { ...about, id: 'go-a', verdicts },
    { ...about, id: 'go-b', verdicts },
    { ...about, id: 'go-c', missing: 'go version' },
  ]
  const rows = matrixOf(outcomes).split('\n')
  const rowOf = (word: string) => rows.find((row) => row.includes(word))
  expect(rowOf('`n: 2`')).toContain('| cannot (1) | cannot (1) | skipped |')
  expect(rowOf('leaving')).toContain('| **fails** | **fails** | skipped |')
  expect(rowOf('unicode')).toContain('| ✓ | ✓ | skipped |')
  expect(rowOf('typed error')).toContain('| ✓ (2) | ✓ (2) | skipped |')
  expect(rows.slice(-2)).toEqual([`1. ${detail}`, '2. But for one.'])
})

describe('the control', () => {
  let ollama: Awaited<ReturnType<typeof startModels>>
  let control: Control

  beforeAll(async () => {
    ollama = await startModels()
    control = await startControl(ollama)
  })
  afterAll(async () => {
    await control.close()
    await ollama.close()
  })

  const put = (content: string, signal: AbortSignal | null = null): Promise<Response> =>
    fetch(`${ollama.url}/api/chat`, {
      method: 'POST',
      body: JSON.stringify({ model: 'scripted', messages: [{ role: 'user', content }] }),
      signal,
    })

  const asked = async (path: string): Promise<string> => {
    const response = await fetch(`${control.url}${path}`, { signal: AbortSignal.timeout(10_000) })
    return `${response.status} ${await response.text()}`
  }

  test('counts what was put to work, by its mark', async () => {
    for (const content of ['@unicode-one', '@unicode-one', '@unicode-two']) {
      await (await put(content)).text()
    }
    expect(await asked('/generations?mark=%40unicode-one')).toBe('200 2')
    expect(await asked('/generations?mark=%40unicode-three')).toBe('200 0')
  })

  test('tells of a release only when the upstream was left', async () => {
    const leaving = new AbortController()
    await put('@endless-left', leaving.signal)
    leaving.abort()
    expect(await asked('/released?mark=%40endless-left')).toMatch(/^200 /)
    await (await put('@unicode-whole')).text()
    expect(await asked('/released?mark=%40unicode-whole')).toMatch(/^409 /)
    expect(await asked('/released?mark=%40endless-never')).toMatch(/^404 /)
  })

  test('does not tell of a release while it is still at work', async () => {
    const leaving = new AbortController()
    await put('@endless-still', leaving.signal)
    expect(await asked('/released?mark=%40endless-still')).toMatch(/^504 /)
    leaving.abort()
  })
})
