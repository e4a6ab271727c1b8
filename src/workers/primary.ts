/** The primary: starts the workers, replaces one that dies, and ends them all. It serves nobody itself. */
import type { Known } from '../catalog/live.ts'
import type { Access } from '../config/renewal.ts'
import type { Log } from '../log.ts'
import type { Bulletin } from './bulletin.ts'
import { createDeaths, MAX_DEATHS } from './deaths.ts'
import { createGathering } from './gathering.ts'
import {
  type Answer,
  type FromPrimary,
  type FromWorker,
  type ListenFault,
  type Measures,
  type Port,
  type Question,
  sendable,
} from './messages.ts'

/** A worker's process, as the primary sees it. */
export type Child = Port<FromPrimary, FromWorker> & {
  /** From 1; that of a worker that died is not given again. */
  readonly id: number
  /** Undefined when the machine could not start it. */
  readonly pid: number | undefined
  /** Hears once, in a word for the log, how it ended: an exit code or a signal. */
  onGone(listener: (how: string) => void): void
  /** Ends it at once. */
  kill(): void
}

export type PrimaryOptions = {
  readonly count: number
  readonly fork: () => Child
  /** That of our own configuration. */
  readonly fingerprint: string
  readonly news: Bulletin<Known>
  readonly answer: (question: Question) => Promise<Answer>
  readonly log: Log
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
}

export type Primary = {
  /** Where they listen, once all do. Rejects with the `listen` error of the first that cannot. */
  readonly listening: Promise<string>
  /** Resolves with a sentence for the operator, when workers die faster than it makes sense to replace them. */
  readonly broken: Promise<string>
  /** Tells all of it. @param fingerprint that of the configuration from now on, with which new workers are to come. */
  renew(access: Access, fingerprint: string): void
  /** What each worker that serves has counted; one that hangs is left out. */
  measure(): Promise<readonly Measures[]>
  /** Has each finish within so many ms what is under way, and ends those that have not left soon after. */
  close(drainMs: number): Promise<void>
}

/** Starts them at once. */
export const startPrimary = (options: PrimaryOptions): Primary => {
  const { count, fork, news, answer, log, now } = options
  let { fingerprint } = options
  const listening = Promise.withResolvers<string>()
  // It is heard by whoever starts us, but perhaps later.
  listening.promise.catch(() => {})
  const broken = Promise.withResolvers<string>()
  const nobody = Promise.withResolvers<void>()
  const children = new Set<Child>()
  /** Those that were welcomed. */
  const members = new Set<Child>()
  const serving = new Set<Child>()
  const timers = new Set<NodeJS.Timeout>()
  const deaths = createDeaths(now)
  const gathering = createGathering()
  let closing = false

  /** @returns calls it off. */
  const later = (ms: number, work: () => void): (() => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, ms)
    timers.add(timer)
    return () => {
      clearTimeout(timer)
      timers.delete(timer)
    }
  }

  const start = (): void => {
    const child = fork()
    children.add(child)
    const hasBegun = later(START_MS, () => child.kill())
    let why: string | undefined
    child.hear((message) => {
      switch (message.say) {
        case 'here':
          if (message.fingerprint === fingerprint) return welcome(child)
          // Two configurations behind one port would let in now this key and now that one.
          why = CHANGED
          return child.kill()
        case 'listening':
          hasBegun()
          return serve(child, message.url)
        case 'cannot-listen':
          why = message.fault.code
          return listening.reject(listenError(message.fault))
        case 'ask':
          return void reply(child, message.id, message.question)
        case 'measured':
          return gathering.settle(message.id, message.measures)
      }
    })
    child.onGone((how) => {
      hasBegun()
      for (const group of [children, members, serving]) group.delete(child)
      if (closing) return children.size === 0 ? nobody.resolve() : undefined
      log.error('a worker died', { worker: child.id, pid: child.pid, how: why ?? how })
      // The others may go on for as long as there are any.
      const wait = why === CHANGED && serving.size > 0 ? AGAIN_MS : deaths()
      if (wait !== null) later(wait, start)
      else broken.resolve(`tolk ends: more than ${MAX_DEATHS} workers died within a minute.`)
    })
  }

  const welcome = (child: Child): void => {
    members.add(child)
    child.send({ say: 'welcome', known: toSend(news.latest()) })
  }

  const serve = (child: Child, url: string): void => {
    serving.add(child)
    log.info('a worker listens', { worker: child.id, pid: child.pid })
    if (serving.size === count) listening.resolve(url)
  }

  const reply = async (child: Child, id: number, question: Question): Promise<void> => {
    child.send({ say: 'answer', id, answer: await answer(question) })
  }

  news.read((known) => {
    for (const member of members) member.send({ say: 'news', known: toSend(known) })
  })
  for (let each = 0; each < count; each += 1) start()

  return {
    listening: listening.promise,
    broken: broken.promise,
    renew: (access, ofAll) => {
      fingerprint = ofAll
      for (const member of members) member.send({ say: 'access', access })
    },
    measure: () => gathering.gather(serving),
    close: async (drainMs) => {
      closing = true
      for (const timer of timers) clearTimeout(timer)
      if (children.size === 0) return
      const late = setTimeout(() => {
        for (const child of children) child.kill()
      }, drainMs + LATE_MS)
      for (const child of children) {
        // Who has not come to hear anything yet has no client either.
        if (members.has(child)) child.send({ say: 'drain', drainMs })
        else child.kill()
      }
      await nobody.promise
      clearTimeout(late)
    },
  }
}

/** How long a worker may take to listen, ms; one that hangs is replaced. */
const START_MS = 30_000

const CHANGED =
  'the configuration has changed since tolk was started; restart tolk, or change it back'

/** How soon the configuration may be what it was, ms. */
const AGAIN_MS = 30_000

/** How long after the drain's deadline a worker may take to say its last words and leave, ms. */
const LATE_MS = 2_000

const toSend = ({ cards, state }: Known): Known => ({
  cards,
  state: { ...state, failure: state.failure && sendable(state.failure) },
})

const listenError = ({ message, ...facts }: ListenFault): Error =>
  Object.assign(new Error(message), facts)
