/** An upstream for discovery without sockets: the recorded catalog, each answer replaceable. */
import { z } from 'zod'
import { Failed, type Failure } from '../../src/failure.ts'
import type { Ask } from '../../src/upstream/ask.ts'
import { recording, recordingsUnder } from './recordings.ts'

export type Question = {
  readonly method: string
  readonly path: string
  /** The model that is asked about; empty for the lists. */
  readonly model: string
}

export type FakeAsk = {
  readonly ask: Ask
  /** Every question so far, in order. */
  readonly asked: readonly Question[]
  /** How many questions are open now, and were at most. */
  readonly open: { now: number; most: number }
  /** Answers instead, from now on; undefined leaves the question to the recordings. */
  answer: (question: Question) => Promise<string> | string | undefined
}

export const createFakeAsk = (): FakeAsk => {
  const asked: Question[] = []
  const open = { now: 0, most: 0 }
  const fake: FakeAsk = { ask, asked, open, answer: () => undefined }
  async function ask(...[method, path, body, signal]: Parameters<Ask>): Promise<string> {
    const question = { method, path, model: modelIn(body) }
    asked.push(question)
    open.most = Math.max(open.most, ++open.now)
    try {
      const answer = async () => (await fake.answer(question)) ?? recorded(question)
      return await Promise.race([answer(), aborted(signal)])
    } finally {
      open.now--
    }
  }
  return fake
}

/** A question ends with its signal, as every Ask promises. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const leave = () => reject(fails({ kind: 'client-closed' }))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
  })

export const fails = (failure: Failure): Failed => new Failed(failure)

export const refused: Failure = { kind: 'upstream-unreachable', reason: 'refused' }

/** The recorded list with only these models, then these made-up ones behind them. */
export const tagsWith = (names: readonly string[], added: readonly string[] = []): string => {
  const { models } = list.parse(JSON.parse(bytes('catalog/tags')))
  return JSON.stringify({
    models: [
      ...models.filter(({ name }) => names.includes(name)),
      ...added.map((name) => ({ name, digest: `digest of ${name}` })),
    ],
  })
}

const list = z.object({ models: z.array(z.looseObject({ name: z.string() })) })

const recorded = ({ path, model }: Question): string => {
  if (path !== '/api/show') return bytes(`catalog/${path.slice('/api/'.length)}`)
  const show = recordingsUnder('catalog').find(
    ({ request, response }) =>
      request.path === path &&
      response.status === 200 &&
      tagged(modelOf.parse(request.body).model) === model,
  )
  if (show !== undefined) return show.bytes.toString('utf8')
  throw fails({ kind: 'model-not-found', model, suggestions: [] })
}

const bytes = (name: string): string => recording(name).bytes.toString('utf8')

const modelOf = z.object({ model: z.string() })

const modelIn = (body: string | null): string =>
  body === null ? '' : modelOf.parse(JSON.parse(body)).model

const tagged = (name: string): string => (name.includes(':') ? name : `${name}:latest`)
