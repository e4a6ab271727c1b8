/** What is refused before the app has it is a line of the log and a count, as every answer is. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { readMetrics, sumOf } from '../support/read-metrics.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { postOf, sendRaw } from '../support/socket-client.ts'
import { startTolk, type Tolk } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk
let metrics = ''

beforeAll(async () => {
  ollama = await createScriptedOllama()
  tolk = await startTolk(ollama.url, {
    metrics: { port: 0 },
    server: { headersTimeoutMs: 300, requestTimeoutMs: 600 },
  })
  await tolk.catalog.started
  metrics = /"url":"(http:[^"]+)\/metrics"/.exec(tolk.logged.join('\n'))?.[1] ?? ''
})
afterAll(async () => {
  await tolk.close()
  await ollama.close()
})

const scrape = async () => readMetrics((await ask(metrics, { path: '/metrics' })).body)

const get = (rest: string): string => `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n${rest}\r\n`

test.each<[what: string, text: string, status: number, outcome: string]>([
  ['P-23 rubbish', 'canary-rubbish\r\n\r\n', 400, 'invalid-request'],
  [
    'P-23 a header that is too long',
    get(`X-A: ${'x'.repeat(20_000)}\r\n`),
    431,
    'headers-too-large',
  ],
  ['P-23 too many headers', get('X-A: b\r\n'.repeat(150)), 431, 'headers-too-large'],
  ['P-23 half a header', 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-', 408, 'request-timeout'],
  [
    'P-23 half a body',
    postOf('/v1/chat/completions', '{}', { 'Content-Length': '9' }),
    408,
    'request-timeout',
  ],
  ['P-23 two Hosts', get('Host: canary-host\r\n'), 400, 'invalid-request'],
  [
    'P-23 a Host that is none',
    'GET /healthz HTTP/1.1\r\nHost: canary host\r\n\r\n',
    400,
    'invalid-request',
  ],
  ['P-23 an expectation', get('Expect: canary\r\n'), 417, 'invalid-request'],
  [
    'P-23 a tunnel',
    'CONNECT canary.test:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    405,
    'method-not-allowed',
  ],
])(
  '%s is counted, and logged once under the id that its client has',
  async (_, text, status, outcome) => {
    const before = tolk.logged.length
    const counted = async (): Promise<number> =>
      sumOf(await scrape(), 'tolk_requests_total', { status: String(status), outcome })
    const count = await counted()
    const answer = await sendRaw(tolk.url, text, 4000)
    expect(answer.status).toBe(status)
    refusalIn(answer)
    expect(answer.headers['connection']).toBe('close')
    await expect.poll(counted).toBe(count + 1)
    expect(tolk.logged).toHaveLength(before + 1)
    expect(JSON.parse(tolk.logged[before] ?? '')).toMatchObject({
      level: 'info',
      msg: 'request',
      request_id: answer.headers['x-request-id'],
      status,
      outcome,
    })
    expect(tolk.logged[before]).not.toContain('canary')
    expect(sumOf(await scrape(), 'tolk_requests_in_flight')).toBe(0)
  },
)
