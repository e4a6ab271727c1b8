/** The demo shows its three lanes, serves on, and ends when it is told to. */
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { runDemo, type Demo, type DemoOptions } from '../../src/demo/demo.ts'
import { snippets } from '../../src/demo/snippets.ts'
import { createLog } from '../../src/log.ts'
import { serve } from '../../src/serve.ts'

const demos: Demo[] = []

afterEach(async () => {
  for (const demo of demos.splice(0)) await demo.close()
})

/** Runs the demo without its pauses, and gives what it printed. */
const run = async (options: Partial<DemoOptions> = {}): Promise<{ demo: Demo; text: string }> => {
  let text = ''
  const demo = await runDemo({
    serve: serveTolk,
    port: 0,
    pace: 0,
    colours: false,
    write: (words) => {
      text += words
    },
    ...options,
  })
  demos.push(demo)
  return { demo, text }
}

const serveTolk: DemoOptions['serve'] = ({ upstreamUrl, port }) => {
  const { config } = loadConfig({
    flags: { port: String(port), upstream: upstreamUrl },
    environment: {},
    readFile: () => {
      throw Object.assign(new Error('no file'), { code: 'ENOENT' })
    },
  })
  return serve(config, createLog('silent'))
}

test('prints the three lanes of a chat with a tool, in order', async () => {
  const { text } = await run({ once: true })
  const labels = [...text.matchAll(/^ *(\w[\w ]*) │/gm)].map(([, label]) => label)
  expect(labels).toEqual([
    'prompt',
    'reasoning',
    'content',
    'tool call',
    'finish',
    'result',
    'reasoning',
    'content',
    'finish',
  ])
  expect(text).toContain('tool call │ get_weather({"city":"Lisbon"})\n   finish │ tool_calls\n')
  expect(text).toContain('Here is what get_weather says: 22 °C and clear in Lisbon')
  expect(text).toMatch(/finish │ stop\n$/)
})

test('ends with the chat if that is all that was asked', async () => {
  const { demo } = await run({ once: true })
  await expect(fetch(demo.url)).rejects.toThrow('fetch failed')
})

describe('serves on', () => {
  test('and prints programs with its own URL and model', async () => {
    const { demo, text } = await run()
    expect((await fetch(`${demo.url}/v1/models`)).status).toBe(200)
    const target = { baseUrl: `${demo.url}/v1`, model: 'demo-thinker:latest', key: 'demo' }
    for (const { code } of snippets(target)) expect(text).toContain(code)
  })

  test('and the JavaScript it prints runs', async () => {
    const { text } = await run()
    const [, code = ''] = /# JavaScript.*\n([^]+?)\n\n/.exec(text) ?? []
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', code],
      { timeout: 15_000 },
    )
    expect(stdout).toContain('Once there was an interpreter')
  })

  test('and the body of the curl it prints is understood', async () => {
    const { demo, text } = await run()
    const [, body = ''] = /-d '(.+)'/.exec(text) ?? []
    const response = await fetch(`${demo.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
  })
})

/** Checks something while a port is taken. */
const blocked = async (check: (port: number) => Promise<void>): Promise<void> => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => blocker.once('listening', resolve))
  const address = blocker.address()
  try {
    await check(typeof address === 'object' && address !== null ? address.port : 0)
  } finally {
    blocker.close()
  }
}

describe('a port that is taken', () => {
  test('is an error if it was asked for', async () => {
    await blocked(async (port) => {
      await expect(run({ port })).rejects.toMatchObject({ code: 'EADDRINUSE', port })
    })
  })

  test('is another if it was not, and one sentence says so', async () => {
    const wanted: number[] = []
    const taken = Object.assign(new Error('taken'), { code: 'EADDRINUSE' })
    let text = ''
    const demo = await runDemo({
      serve: async (options) => {
        wanted.push(options.port)
        if (options.port !== 0) throw taken
        return serveTolk(options)
      },
      pace: 0,
      once: true,
      write: (words) => {
        text += words
      },
    })
    demos.push(demo)
    expect(wanted).toEqual([11_435, 0])
    expect(text).toMatch(/^Port 11435 is taken, so the demo takes a free one; --port chooses\.\n/)
  })
})

test('stops in the middle of the chat without a word of complaint', async () => {
  const leaving = new AbortController()
  const { demo, text } = await run({
    pace: 1,
    signal: leaving.signal,
    write: (words) => {
      if (words.includes('The')) leaving.abort()
    },
  })
  expect(text).toBe('')
  await demo.close()
  await expect(fetch(demo.url)).rejects.toThrow('fetch failed')
})
