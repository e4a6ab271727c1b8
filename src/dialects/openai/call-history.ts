/** The calls a conversation has seen, so that each result finds the call it answers. */
import type { PastCall } from '../../chat/request.ts'

/** What a result says of the call it answers; empty when unknown. */
export type Answered = { readonly callId: string; readonly name: string }

/**
 * Fed with a conversation in its order. A result belongs to the call with its id, else to the next
 * call of the last turn that has no answer yet: some clients send neither id nor name (Zed).
 */
export class CallHistory {
  readonly #ids = new Set<string>()
  readonly #byId = new Map<string, PastCall>()
  /** The last turn's calls in order, and the same by name; each is walked once. */
  #all = queueOf([])
  #named = new Map<string, Queue>()
  readonly #answered = new Set<PastCall>()

  /** Every id seen, so that new calls get none of them. */
  get ids(): ReadonlySet<string> {
    return this.#ids
  }

  /** Calls of one assistant message; results without an id answer these from now on. */
  called(calls: readonly PastCall[]): void {
    if (calls.length === 0) return
    this.#all = queueOf(calls)
    this.#named = new Map(
      [...Map.groupBy(calls, ({ name }) => name)].map(([name, group]) => [name, queueOf(group)]),
    )
    for (const call of calls) {
      if (call.id === '') continue
      this.#ids.add(call.id)
      // An id may come back in a later turn (`call_0` of some servers): the last one is meant.
      this.#byId.set(call.id, call)
    }
  }

  /** The call that a result answers: its own words first, and what they leave open from the call. */
  answered({ callId, name }: Answered): Answered {
    const known = this.#byId.get(callId)
    const call = known ?? this.#open(this.#named.get(name)) ?? this.#open(this.#all)
    if (call === undefined) return { callId, name }
    this.#answered.add(call)
    return {
      callId: callId === '' ? call.id : callId,
      name: known !== undefined || name === '' ? call.name : name,
    }
  }

  #open(queue: Queue | undefined): PastCall | undefined {
    if (queue === undefined) return undefined
    for (; queue.next < queue.calls.length; queue.next += 1) {
      const call = queue.calls[queue.next]
      if (call !== undefined && !this.#answered.has(call)) return call
    }
    return undefined
  }
}

type Queue = { readonly calls: readonly PastCall[]; next: number }

const queueOf = (calls: readonly PastCall[]): Queue => ({ calls, next: 0 })
