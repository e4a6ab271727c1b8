/** A worker's way to its primary: what it is told, and what it has to ask. */
import type { Known } from '../catalog/live.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import type { Access } from '../config/renewal.ts'
import { Failed } from '../failure.ts'
import { type Bulletin, createBulletin } from './bulletin.ts'
import type {
  Admission,
  Answer,
  FromPrimary,
  FromWorker,
  ListenFault,
  Measures,
  Port,
  Question,
} from './messages.ts'
import { createPending } from './pending.ts'

/** Each question @throws Failed: the primary's own failure, or `draining` when the primary is gone. */
export type Link = {
  readonly news: Bulletin<Known>
  resolve(name: string): Promise<ModelCard>
  list(): Promise<null>
  missed(upstreamModel: string): Promise<readonly string[]>
  /** @param key its name. */
  admit(key: string): Promise<Admission>
  /** From now on `renew` hears who may come in, each time that changes; at once if it has since the start. */
  renewed(renew: (access: Access) => void): void
  /** From now on the primary is told what `count` says, whenever it asks. */
  measured(count: () => Promise<Measures>): void
  listening(url: string): void
  cannotListen(error: unknown): void
  /** Resolves with the ms that are left for what is under way, when the primary says to stop. */
  readonly draining: Promise<number>
}

/**
 * Says that this worker is here, and waits to be welcomed.
 *
 * @param fingerprint that of the configuration it has loaded; with another than the primary's it is ended.
 */
export const joinPrimary = async (
  port: Port<FromWorker, FromPrimary>,
  fingerprint: string,
): Promise<Link> => {
  const welcomed = Promise.withResolvers<Bulletin<Known>>()
  const draining = Promise.withResolvers<number>()
  const asked = {
    resolve: createPending<ModelCard>(),
    list: createPending<null>(),
    missed: createPending<readonly string[]>(),
    admit: createPending<Admission>(),
  }
  let news: Bulletin<Known> | undefined
  let count = 0
  let measures: (() => Promise<Measures>) | undefined
  let access: Access | undefined
  let renew: ((access: Access) => void) | undefined

  port.hear((message) => {
    switch (message.say) {
      case 'welcome':
        news = createBulletin(message.known)
        return welcomed.resolve(news)
      case 'news':
        return news?.post(message.known)
      case 'answer':
        return settle(message.id, message.answer)
      case 'access':
        access = message.access
        return renew?.(access)
      case 'measure':
        return void tell(message.id)
      case 'drain':
        return draining.resolve(message.drainMs)
    }
  })

  const settle = (id: number, answer: Answer): void => {
    switch (answer.to) {
      case 'resolve':
        return asked.resolve.settle(id, answer.outcome)
      case 'list':
        return asked.list.settle(id, answer.outcome)
      case 'missed':
        return asked.missed.settle(id, answer.outcome)
      case 'admit':
        return asked.admit.settle(id, answer.outcome)
    }
  }

  const tell = async (id: number): Promise<void> => {
    const said = await measures?.().catch(() => [])
    port.send({ say: 'measured', id, measures: said ?? [] })
  }

  /** @returns its number. Without a primary nothing is known for certain, and nobody is let in uncounted. */
  const ask = (question: Question): number => {
    const id = ++count
    if (!port.send({ say: 'ask', id, question })) throw new Failed({ kind: 'draining' })
    return id
  }

  port.send({ say: 'here', fingerprint })
  return {
    news: await welcomed.promise,
    resolve: async (name) => asked.resolve.wait(ask({ to: 'resolve', name })),
    list: async () => asked.list.wait(ask({ to: 'list' })),
    missed: async (upstreamModel) => asked.missed.wait(ask({ to: 'missed', upstreamModel })),
    admit: async (key) => asked.admit.wait(ask({ to: 'admit', key })),
    renewed: (how) => {
      renew = how
      if (access !== undefined) how(access)
    },
    measured: (how) => {
      measures = how
    },
    listening: (url) => void port.send({ say: 'listening', url }),
    cannotListen: (error) => void port.send({ say: 'cannot-listen', fault: faultOf(error) }),
    draining: draining.promise,
  }
}

const faultOf = (error: unknown): ListenFault => {
  if (!(error instanceof Error)) return { message: String(error) }
  return {
    message: error.message,
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    ...('port' in error && typeof error.port === 'number' && { port: error.port }),
  }
}
