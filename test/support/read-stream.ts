/** Reads a stream back: with a parser that is not ours, and a schema that knows every key there may be. */
import { createParser } from 'eventsource-parser'
import { z } from 'zod'

const token = { token: z.string(), logprob: z.number(), bytes: z.array(z.number()).nullable() }

const logprobs = z
  .strictObject({
    content: z.array(z.strictObject({ ...token, top_logprobs: z.array(z.strictObject(token)) })),
    refusal: z.null(),
  })
  .nullable()

/** One kind a chunk: exactly one key, or none beside the finish reason. */
const delta = z.union([
  z.strictObject({ role: z.literal('assistant') }),
  z.strictObject({ content: z.string().min(1) }),
  z.strictObject({ reasoning_content: z.string().min(1) }),
  z.strictObject({ reasoning: z.string().min(1) }),
  z.strictObject({
    tool_calls: z.tuple([
      z.strictObject({
        index: z.int(),
        id: z.string().min(1),
        type: z.literal('function'),
        function: z.strictObject({ name: z.string(), arguments: z.string() }),
      }),
    ]),
  }),
  z.strictObject({}),
])

const usage = z.strictObject({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
})

const choice = z.strictObject({
  index: z.literal(0),
  delta,
  logprobs,
  finish_reason: z.enum(['stop', 'length', 'tool_calls']).nullable(),
})

const chunk = z.strictObject({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.literal('fp_ollama'),
  choices: z.union([z.tuple([choice]), z.tuple([])]),
  usage: usage.nullable().optional(),
})

export const errorObject = z.strictObject({
  message: z.string().min(1),
  type: z.string().min(1),
  param: z.string().nullable(),
  code: z.string().nullable(),
})

export type Chunk = z.infer<typeof chunk>
export type Choice = z.infer<typeof choice>
export type Delta = z.infer<typeof delta>

export type ReadStream = {
  readonly chunks: readonly Chunk[]
  /** The choices of all chunks that have one, in order. */
  readonly choices: readonly Choice[]
  readonly error: z.infer<typeof errorObject> | null
  readonly isDone: boolean
}

/** @throws when anything is said after the last word, in another shape, or in another kind of event. */
export const readStream = (sse: string): ReadStream => {
  const chunks: Chunk[] = []
  let error: ReadStream['error'] = null
  let isDone = false
  const parser = createParser({
    onEvent: ({ data, event, id }) => {
      if (isDone || error !== null) throw new Error(`said after the last word: ${data}`)
      if (event !== undefined || id !== undefined) throw new Error('an event with a name or an id')
      if (data === '[DONE]') isDone = true
      else if (data.startsWith('{"error":')) error = failed.parse(JSON.parse(data)).error
      else chunks.push(chunk.parse(JSON.parse(data)))
    },
    onError: (fault) => {
      throw fault
    },
  })
  parser.feed(sse)
  return {
    chunks,
    choices: chunks.flatMap(({ choices }): readonly Choice[] => choices),
    error,
    isDone,
  }
}

const failed = z.strictObject({ error: errorObject })

const completion = z.strictObject({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.literal('fp_ollama'),
  choices: z.tuple([
    z.strictObject({
      index: z.literal(0),
      message: z.strictObject({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        reasoning_content: z.string().min(1).optional(),
        reasoning: z.string().min(1).optional(),
        refusal: z.null(),
        tool_calls: z
          .array(
            z.strictObject({
              id: z.string().min(1),
              type: z.literal('function'),
              function: z.strictObject({ name: z.string(), arguments: z.string() }),
            }),
          )
          .min(1)
          .optional(),
      }),
      logprobs,
      finish_reason: z.enum(['stop', 'length', 'tool_calls']),
    }),
  ]),
  usage: usage.optional(),
})

/** Reads a whole answer that is not a failure. @throws when it has a key too many or too few. */
export const readCompletion = (body: string): z.infer<typeof completion> =>
  completion.parse(JSON.parse(body))

/** Reads a failure's body. @throws when it is anything else. */
export const readError = (body: string): z.infer<typeof errorObject> =>
  failed.parse(JSON.parse(body)).error
