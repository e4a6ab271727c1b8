/** Continuation: what a model says to a prompt, in order, and behind the prompt itself where that is echoed. */
import { toEscaped } from '../wire/escaped.ts'
import type { ChatEvent } from './event.ts'
import { isExact, type PromptRequest } from './prompt.ts'
import { Turn } from './turn.ts'

/**
 * The answer to a message has the order of any turn; what follows a text, or fills its gap, is given as it is: a
 * tag in it is no thought, and a blank at its beginning is the first of it.
 */
export class Continuation {
  readonly #turn: Pick<Turn, 'order'> | null
  /** The prompt, until it is said. */
  #echoed: string | null

  /** @param echo whether the prompt is said first, once it is known that there is an answer. */
  constructor(request: PromptRequest, echo: boolean) {
    this.#turn = isExact(request) ? null : new Turn({ ...NO_CALLS, isJson: hasFormat(request) })
    this.#echoed = echo ? request.prompt : null
  }

  /** Exactly one last word passes, and nothing after it: of an exact answer the decoder sees to that. */
  order(batch: readonly ChatEvent[]): readonly ChatEvent[] {
    const said = this.#turn === null ? batch : this.#turn.order(batch)
    const [first] = said
    if (this.#echoed === null || first === undefined || first.type === 'failure') return said
    const escaped = toEscaped(this.#echoed)
    this.#echoed = null
    return [{ type: 'text', escaped }, ...said]
  }
}

const hasFormat = ({ format }: PromptRequest): boolean => format !== undefined

const NO_CALLS = {
  maxCalls: 0,
  offered: [],
  usedCallIds: new Set<string>(),
  mintCallId: () => '',
} as const
