/** Each program and each command line of the README runs, and does what the README says. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createParser } from 'eventsource-parser'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDemoScript, DEMO_MODELS } from '../src/demo/demo-models.ts'
import { createStandIn, type StandIn } from '../src/demo/stand-in.ts'
import { aimedAt, LISTENS_AT, ROOT, snippets } from './support/documents.ts'
import { runProgram } from './support/program.ts'
import { createRecordedOllama } from './support/recorded-ollama.ts'
import { startTolk, type Tolk } from './support/tolk.ts'

const run = promisify(execFile)
/** Of a program that runs to its end; npm and a small machine take their time. */
const DEADLINE_MS = 60_000

const works = (file: string, ...args: readonly string[]): boolean => {
  try {
    execFileSync(file, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('a snippet that asks tolk for a story', () => {
  let ollama: StandIn
  let tolk: Tolk
  let story: string

  beforeAll(async () => {
    ollama = await createStandIn({ models: DEMO_MODELS, script: createDemoScript(0) })
    tolk = await startTolk(ollama.url, { log: { level: 'silent' } })
    const client = new OpenAI({ baseURL: tolk.baseURL, apiKey: 'any' })
    const { choices } = await client.chat.completions.create({
      model: 'demo-thinker',
      messages: [{ role: 'user', content: 'Tell me a story.' }],
    })
    story = choices[0]?.message.content ?? ''
    if (story.length < 100) throw new Error(`this is no story: ${story}`)
  })
  afterAll(async () => {
    await tolk.close()
    await ollama.close()
  })

  test('gets it by curl, whole, with [DONE] at its end', async ({ skip }) => {
    skip(!works('curl', '--version'), 'curl is not installed')
    const programs = snippets('sh').filter(({ text }) => text.startsWith('curl'))
    expect(programs).not.toEqual([])
    for (const program of programs) {
      const { stdout } = await run('sh', ['-c', aimedAt(program, tolk.url)])
      expect(contentOf(stdout)).toBe(story)
      expect(stdout).toMatch(/\ndata: \[DONE\]\n\n$/)
    }
  })

  test('gets it by JavaScript and the openai package', async () => {
    const programs = snippets('js')
    expect(programs).not.toEqual([])
    for (const program of programs) {
      const args = ['--input-type=module', '--eval', aimedAt(program, tolk.url)]
      const { stdout } = await run(process.execPath, args, { cwd: ROOT })
      expect(stdout).toBe(story)
    }
  })

  test('is good Python, and gets it where the openai package is installed', async ({ skip }) => {
    skip(!works('python3', '--version'), 'python3 is not installed')
    const programs = snippets('python')
    expect(programs).not.toEqual([])
    const folder = mkdtempSync(join(tmpdir(), 'tolk-readme-'))
    const files = programs.map((program, index) => {
      const file = join(folder, `snippet_${index}.py`)
      writeFileSync(file, aimedAt(program, tolk.url))
      return file
    })
    await run('python3', ['-m', 'py_compile', ...files])
    const stories: string[] = []
    // Where it is not, test/clients runs them.
    const runnable = works('python3', '-c', 'import openai') ? files : []
    for (const file of runnable) stories.push((await run('python3', [file])).stdout)
    expect(stories).toEqual(runnable.map(() => story))
    rmSync(folder, { recursive: true })
  })
})

/** What the assistant said in a stream of events. */
const contentOf = (stream: string): string => {
  let content = ''
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === '[DONE]') return
      const chunk: OpenAI.ChatCompletionChunk = JSON.parse(data)
      content += chunk.choices[0]?.delta.content ?? ''
    },
  })
  parser.feed(stream)
  return content
}

/** In a clone that is installed already, on a port that is free. */
const start = (line: string, env: Readonly<Record<string, string>>) =>
  runProgram({
    command: ['sh', '-c', line.replace('npm ci && ', '')],
    cwd: ROOT,
    env: { TOLK_PORT: '0', ...env },
    deadlineMs: DEADLINE_MS,
  })

describe.concurrent('a command line that starts it', { timeout: DEADLINE_MS }, () => {
  const lines = snippets('sh')
    .map(({ text }) => text)
    .filter((text) => !text.startsWith('curl'))
  const asWritten = (line: string): string => {
    expect(lines).toContain(`${line}\n`)
    return line
  }

  test('is one of those that are tried here', () => {
    expect(lines).toHaveLength(3)
  })

  test('shows the demo, and goes on serving', async () => {
    const demo = start(asWritten('npm ci && npm run demo'), {})
    try {
      const [, url = ''] = await demo.says(/tolk is in front of it, at (\S+)/)
      await demo.says(/Your turn\./)
      expect((await fetch(`${url}/v1/models`)).status).toBe(200)
    } finally {
      demo.kill()
    }
  })

  test('prints the sample line', async () => {
    const ollama = await createRecordedOllama({ version: '0.33.0' })
    const tolk = start(asWritten('npm ci && npm start'), { OLLAMA_HOST: ollama.url })
    try {
      const [line, url = ''] = await tolk.says(/^tolk listens on (\S+) .*\n/m)
      expect(snippets('').map(({ text }) => text)).toEqual([
        line.replace(url, LISTENS_AT).replace(ollama.url, 'http://127.0.0.1:11434'),
      ])
    } finally {
      tolk.kill()
      await ollama.close()
    }
  })

  test('reaches an Ollama behind a key', async () => {
    const ollama = await createRecordedOllama({ apiKey: 'canary' })
    const written = asWritten('OLLAMA_HOST=https://ollama.com OLLAMA_API_KEY=… npm start')
    const tolk = start(written.replace('https://ollama.com', ollama.url).replace('…', 'canary'), {})
    try {
      const [, models] = await tolk.says(/^tolk listens on \S+ → .*: (\d+) models/m)
      expect(models).toBe('13')
    } finally {
      tolk.kill()
      await ollama.close()
    }
  })
})
