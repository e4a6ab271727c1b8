/** A web page that gives its own name the address of this machine is answered 403, whatever it asks for. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { postOf, sendRaw } from '../support/socket-client.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk

beforeEach(async () => {
  ollama = await createScriptedOllama()
})
afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

const start = async (server: object = {}, settings: TolkSettings = {}): Promise<void> => {
  tolk = await startTolk(ollama.url, { ...settings, server: { allowedHosts: [], ...server } })
  await tolk.catalog.started
}

const get = (host: string, path = '/v1/models', more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`

const statusOf = async (request: string): Promise<number> =>
  (await sendRaw(tolk.url, request)).status

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }

const asked = (): number => ollama.requests.filter(({ route }) => route === '/api/chat').length

describe('B-03 on loopback and without keys', () => {
  test('a strange Host is a 403 on every path, that says what to set, and reaches no model', async () => {
    await start()
    const strange: readonly string[] = [
      get('attacker.com'),
      get('attacker.com:11435', '/v1/models/m'),
      get('attacker.com', '/healthz'),
      get('attacker.com', '/nothing'),
      get('127.0.0.1.attacker.com', '/v1/models', 'Origin: http://127.0.0.1.attacker.com\r\n'),
      postOf('/v1/chat/completions', CHAT, { Host: 'attacker.com', Connection: 'close' }),
    ]
    for (const request of strange) {
      const answer = await sendRaw(tolk.url, request)
      expect(answer.status).toBe(403)
      const { code, message } = refusalIn(answer)
      expect(code).toBe('permission_denied')
      expect(message).toMatch(/server\.allowedHosts \(TOLK_ALLOWED_HOSTS\).*client keys/)
      expect(JSON.stringify(answer)).not.toContain('attacker')
    }
    expect(asked()).toBe(0)
    await expect.poll(() => tolk.logged.length).toBe(strange.length)
    for (const line of tolk.logged) expect(JSON.parse(line)).toMatchObject({ outcome: 'forbidden' })
  })

  test.each(['localhost', '127.0.0.1', '[::1]', 'app.localhost'])(
    '%s is answered',
    async (host) => {
      await start()
      expect(await statusOf(get(host))).toBe(200)
      expect(
        await statusOf(postOf('/v1/chat/completions', CHAT, { Host: host, Connection: 'close' })),
      ).toBe(200)
    },
  )

  test('so is the address that it was told to listen on, and what is allowed besides', async () => {
    await start({ host: 'localhost', allowedHosts: ['host.docker.internal', 'Tolk.lan'] })
    expect(await statusOf(get('host.docker.internal:11435'))).toBe(200)
    expect(await statusOf(get('tolk.lan'))).toBe(200)
    expect(await statusOf(get('other.lan'))).toBe(403)
  })

  test('HTTP/1.0 without any Host is no web page', async () => {
    await start()
    expect(await statusOf('GET /healthz HTTP/1.0\r\n\r\n')).toBe(200)
  })
})

test('B-04 port, last dot, upper case and brackets of a Host make no difference', async () => {
  await start({ allowedHosts: ['tolk.lan', '[fd00::7]'] })
  for (const host of [
    'LOCALHOST:11435',
    'localhost.:1',
    '[::1]:80',
    'TOLK.lan.:443',
    '[FD00::7]',
  ]) {
    expect([host, await statusOf(get(host))]).toEqual([host, 200])
  }
  for (const host of [
    'ATTACKER.com:11435',
    'attacker.com.',
    '[fd00::8]',
    'tolk.lan.attacker.com.',
  ]) {
    expect([host, await statusOf(get(host))]).toEqual([host, 403])
  }
})

describe('B-03 is asked no more', () => {
  test('where keys are: no web page has one', async () => {
    await start({}, { auth: { keys: [{ name: 'laptop', key: 'sk-laptop' }] } })
    expect(await statusOf(get('tolk.example.com'))).toBe(401)
    const key = 'Authorization: Bearer sk-laptop\r\n'
    expect(await statusOf(get('tolk.example.com', '/v1/models', key))).toBe(200)
  })

  test('where tolk was told to let anyone in from anywhere', async () => {
    await start({ host: '0.0.0.0', allowAnonymous: true })
    const local = tolk.url.replace('0.0.0.0', '127.0.0.1')
    expect((await sendRaw(local, get('tolk.example.com'))).status).toBe(200)
  })
})
