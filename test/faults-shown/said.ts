/** What a client makes of an answer: its text, how it was ended, and the code of its error. */
import type { RawAnswer } from '../support/raw-client.ts'
import { readCompletion, readError, readStream } from '../support/read-stream.ts'

export type Said = {
  readonly text: string
  readonly finishes: readonly string[]
  /** Of the error, in the stream or instead of an answer. */
  readonly code: string | null
  readonly message: string
  /** Whether `[DONE]` was said. */
  readonly isDone: boolean
}

/** @throws when it is neither OpenAI's stream, nor its answer, nor its error. */
export const saidIn = ({ status, headers, body }: RawAnswer): Said => {
  if (status >= 400) {
    const { code, message } = readError(body)
    return { text: '', finishes: [], code, message, isDone: false }
  }
  if (!String(headers['content-type']).startsWith('text/event-stream')) {
    const [{ message, finish_reason: finish }] = readCompletion(body).choices
    const text = message.content ?? ''
    return { text, finishes: [finish], code: null, message: '', isDone: true }
  }
  const { choices, error, isDone } = readStream(body)
  return {
    text: choices.map(({ delta }) => ('content' in delta ? delta.content : '')).join(''),
    finishes: choices.flatMap(({ finish_reason: finish }) => finish ?? []),
    code: error?.code ?? null,
    message: error?.message ?? '',
    isDone,
  }
}
