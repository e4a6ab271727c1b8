/** The primary's answers: the one catalog and the one set of buckets behind all workers. */
import { failureOf, type LiveCatalog } from '../catalog/live.ts'
import type { ClientKey } from '../client-key.ts'
import type { Failure } from '../failure.ts'
import type { Log } from '../log.ts'
import type { AdmitNow, Allowance } from '../server/rate-limit.ts'
import { type Admission, type Answer, type Outcome, type Question, sendable } from './messages.ts'

export type AnswersOptions = {
  readonly catalog: LiveCatalog
  readonly admit: AdmitNow
  /** Null for one that was taken away: its request came before, and is the last. */
  readonly keyNamed: (name: string) => ClientKey | null
  readonly log: Log
}

/** @returns answers one question. Never rejects: a failure is an answer, and a fault of ours is logged here. */
export const createAnswers = ({ catalog, admit, keyNamed, log }: AnswersOptions) => {
  const failed = (error: unknown): Failure => {
    const failure = failureOf(error)
    if (failure.kind === 'internal') log.error('internal error', {}, failure.cause ?? error)
    return sendable(failure)
  }

  const outcome = async <T>(work: Promise<T>): Promise<Outcome<T>> => {
    try {
      return { value: await work }
    } catch (error) {
      return { failure: failed(error) }
    }
  }

  const admission = (key: ClientKey | null): Admission => {
    let allowance: Allowance | undefined
    const standing = () => (allowance === undefined ? {} : { allowance })
    try {
      admit(key, (told) => (allowance = told))
      return standing()
    } catch (error) {
      return { ...standing(), refusal: failed(error) }
    }
  }

  return async (question: Question): Promise<Answer> => {
    switch (question.to) {
      case 'resolve':
        return { to: 'resolve', outcome: await outcome(catalog.resolve(question.name)) }
      case 'list':
        return { to: 'list', outcome: await outcome(catalog.list().then(() => null)) }
      case 'missed':
        return { to: 'missed', outcome: await outcome(catalog.missed(question.upstreamModel)) }
      case 'admit':
        return { to: 'admit', outcome: { value: admission(keyNamed(question.key)) } }
    }
  }
}
