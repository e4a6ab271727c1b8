/** SSE as tolk writes it, held to its grammar: one `data:` line or one comment to an event, one terminal, nothing after it. */
import { z } from 'zod'
import type { Hearing } from './hearing.ts'

export class EventReader {
  /** The last word: `[DONE]`, an error, or none yet. */
  terminal: 'done' | 'error' | null = null
  errorCode: string | null = null
  errorText = ''
  finish: string | null = null
  comments = 0
  readonly #hearing: Hearing
  #held = ''
  #id: string | null = null
  #complaint: string | null = null

  constructor(hearing: Hearing) {
    this.#hearing = hearing
  }

  /** What was wrong first. */
  get complaint(): string | null {
    return this.#complaint
  }

  /** @param octets of the body. */
  feed(octets: string): void {
    const text = this.#held + octets
    let from = 0
    for (;;) {
      const end = text.indexOf('\n\n', from)
      if (end === -1) break
      this.#event(text.slice(from, end))
      from = end + 2
    }
    this.#held = text.slice(from)
  }

  /** The body has ended. */
  end(): void {
    if (this.#held !== '') this.#complain(`half an event: ${this.#held.slice(0, 60)}`)
  }

  #event(event: string): void {
    if (/^: [a-z-]+$/.test(event)) {
      this.comments += 1
      if (this.terminal !== null) this.#complain('a comment after the last word')
      return
    }
    if (!event.startsWith('data: ') || /[\r\n]/.test(event)) {
      return this.#complain(`no event: ${event.slice(0, 60)}`)
    }
    if (this.terminal !== null) return this.#complain(`after the last word: ${event.slice(0, 60)}`)
    this.#data(event.slice('data: '.length))
  }

  #data(data: string): void {
    if (data === '[DONE]') {
      this.terminal = 'done'
      if (this.finish === null) this.#complain('[DONE] without a finish reason')
      return
    }
    let value: unknown
    try {
      value = JSON.parse(data)
    } catch {
      return this.#complain(`no JSON: ${data.slice(0, 60)}`)
    }
    const chunk = chunkShape.safeParse(value)
    if (chunk.success) return this.#chunk(chunk.data)
    const failed = errorEnvelope.safeParse(value)
    if (!failed.success) return this.#complain(`neither chunk nor error: ${data.slice(0, 80)}`)
    this.terminal = 'error'
    this.errorCode = failed.data.error.code
    this.errorText = data
    if (this.finish !== null) this.#complain('an error after a finish reason')
  }

  #chunk({ id, choices: [choice] }: z.infer<typeof chunkShape>): void {
    this.#id ??= id
    if (id !== this.#id) return this.#complain('another id')
    if (this.finish !== null) return this.#complain('a chunk after the finish reason')
    const { delta, finish_reason: finish } = choice
    const { content, reasoning_content: thinking } = delta
    if (content !== undefined) this.#hearing.delta(content, false)
    if (thinking !== undefined) this.#hearing.delta(thinking, true)
    this.finish = finish
  }

  #complain(what: string): void {
    this.#complaint ??= what
  }
}

const chunkShape = z.strictObject({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
  choices: z.tuple([
    z.strictObject({
      index: z.literal(0),
      delta: z.strictObject({
        role: z.literal('assistant').optional(),
        content: z.string().optional(),
        reasoning_content: z.string().optional(),
      }),
      logprobs: z.null(),
      finish_reason: z.string().nullable(),
    }),
  ]),
})

/** OpenAI's, with every field. */
export const errorEnvelope = z.strictObject({
  error: z.strictObject({
    message: z.string().min(1),
    type: z.string().min(1),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
})

/** A whole answer. */
export const completionShape = z.looseObject({
  object: z.literal('chat.completion'),
  choices: z.tuple([
    z.looseObject({
      message: z.looseObject({
        content: z.string().nullable(),
        reasoning_content: z.string().optional(),
      }),
      finish_reason: z.string(),
    }),
  ]),
})
