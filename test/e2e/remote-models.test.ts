/** Models that the upstream passes on to another machine: no prompt goes there unless the operator lets it. */
import { afterEach, describe, expect, test } from 'vitest'
import { createModel, type StandInModel } from '../../src/demo/stand-in-model.ts'
import type { StandIn } from '../../src/demo/stand-in.ts'
import { refusalIn } from '../support/envelope.ts'
import { ask } from '../support/raw-client.ts'
import { createScriptedOllama } from '../support/scripted-ollama.ts'
import { startTolk, type Tolk, type TolkSettings } from '../support/tolk.ts'

let ollama: StandIn
let tolk: Tolk

afterEach(async () => {
  await tolk.close()
  await ollama.close()
})

const REMOTE = { remote_model: 'big', remote_host: 'https://ollama.com:443' }

/** @param says what the list and the model's own description say besides. */
const model = (name: string, says: { tags?: object; show?: object } = {}): StandInModel => {
  const made = createModel({ name, abilities: ['completion', 'tools'] })
  return {
    ...made,
    tags: { ...made.tags, ...says.tags },
    show: { ...made.show, ...says.show },
  }
}

const MODELS = [
  model('here:latest'),
  model('gpt-oss:120b-cloud'),
  model('kimi:CLOUD'),
  model('listed-so:latest', { tags: REMOTE }),
  model('shown-so:latest', { show: REMOTE }),
  model('half-said:latest', { show: { remote_model: 'big' } }),
  model('cloudy:latest'),
  model('team/cloud:8b'),
]

const HERE = ['here:latest', 'cloudy:latest', 'team/cloud:8b']
const ELSEWHERE = MODELS.map(({ name }) => name).filter((name) => !HERE.includes(name))

const start = async (settings: TolkSettings = {}): Promise<void> => {
  ollama = await createScriptedOllama({ models: MODELS })
  tolk = await startTolk(ollama.url, {
    models: { aliases: { 'gpt-4o': 'gpt-oss:120b-cloud' } },
    ...settings,
  })
  await tolk.catalog.started
}

const chat = (name: string) =>
  ask(tolk.url, {
    path: '/v1/chat/completions',
    body: { model: name, messages: [{ role: 'user', content: 'Hi' }] },
  })

const listed = async (): Promise<readonly string[]> => {
  const { data }: { data: readonly { id: string }[] } = JSON.parse(
    (await ask(tolk.url, { path: '/v1/models' })).body,
  )
  return data.map(({ id }) => id)
}

const asked = (): number => ollama.requests.filter(({ route }) => route === '/api/chat').length

describe('A-11 a model that another machine runs', () => {
  test('is not listed, whichever of name, list and description says so', async () => {
    for (const list of ['tools', 'chat', 'all']) {
      await start({ catalog: { list } })
      expect(await listed()).toEqual(HERE)
      if (list === 'all') continue
      await tolk.close()
      await ollama.close()
    }
  })

  test('is refused by every name it has, and no prompt goes upstream', async () => {
    await start()
    const names = [...ELSEWHERE, 'gpt-4o', 'GPT-OSS:120B-Cloud', 'ollama/kimi:cloud', 'listed-so']
    for (const name of names) {
      const answer = await chat(name)
      expect([name, answer.status]).toEqual([name, 403])
      expect(refusalIn(answer)).toMatchObject({
        code: 'permission_denied',
        param: 'model',
        message: expect.stringContaining('catalog.allowRemote'),
      })
      expect(answer.body).not.toContain('ollama.com')
      expect((await ask(tolk.url, { path: `/v1/models/${name}` })).status).toBe(403)
    }
    expect(asked()).toBe(0)
    for (const name of HERE) expect([name, (await chat(name)).status]).toEqual([name, 200])
  })

  test('is not known by a name that Ollama would take without having listed it', async () => {
    await start()
    for (const name of ['deepseek:671b-cloud', 'here:cloud', 'here:latest-cloud']) {
      expect([name, (await chat(name)).status]).toEqual([name, 404])
    }
    expect(asked()).toBe(0)
  })

  test('is not suggested to who mistypes a name', async () => {
    await start()
    const answer = await chat('gpt-oss:120b-clod')
    expect(answer.status).toBe(404)
    expect(answer.body).not.toMatch(/'gpt-oss:120b-cloud'|'gpt-4o'/)
  })

  test('is served like any other where the operator lets it', async () => {
    await start({ catalog: { allowRemote: true, list: 'all' } })
    expect(await listed()).toEqual(MODELS.map(({ name }) => name))
    for (const name of [...ELSEWHERE, 'gpt-4o']) {
      expect([name, (await chat(name)).status]).toEqual([name, 200])
    }
  })

  test('or where it is named among the models of the configuration', async () => {
    await start({ upstream: { models: [{ id: 'gpt-oss:120b-cloud' }] } })
    expect(await listed()).toEqual(['gpt-oss:120b-cloud'])
    expect((await chat('gpt-4o')).status).toBe(200)
  })
})
