/** EmbeddingRequest → `POST /api/embed`, and its answer → vectors (`api/types.go: EmbedRequest`, 0.33). */
import { z } from 'zod'
import type { Serving } from '../../catalog/model-card.ts'
import type { Embedded, EmbeddingRequest, Vector } from '../../embedding/request.ts'
import { Failed } from '../../failure.ts'
import { decodeDocument } from './description.ts'
import { encodeOptions } from './options.ts'

/**
 * A text that is too long is an error, unless the operator chose Ollama's silent cut.
 *
 * @param model the upstream's own name.
 */
export const encodeEmbedRequest = (
  { inputs, dimensions, options, numCtx, keepAlive }: EmbeddingRequest,
  model: string,
  { overflow }: Pick<Serving, 'overflow'>,
): string =>
  JSON.stringify({
    model,
    input: inputs,
    truncate: overflow === 'truncate',
    dimensions,
    options: encodeOptions({
      sampling: {},
      ...(options !== undefined && { options }),
      ...(numCtx !== undefined && { numCtx }),
    }),
    keep_alive: keepAlive,
  })

/**
 * @param count how many inputs were sent.
 * @throws Failed `upstream-malformed` when these are not as many vectors, all of one length.
 */
export const decodeEmbedResponse = (body: string, count: number): Embedded => {
  const { embeddings, prompt_eval_count: promptTokens } = decodeDocument(
    document,
    body,
    '/api/embed',
  )
  const [first] = embeddings
  if (embeddings.length !== count || embeddings.some(({ length }) => length !== first?.length)) {
    throw new Failed({
      kind: 'upstream-malformed',
      message: 'The upstream sent other embeddings than it was asked for.',
    })
  }
  // Go leaves out a count that is zero.
  return { vectors: embeddings, promptTokens: promptTokens ?? 0 }
}

/** Looked at number by number, without an issue for each: a wrong answer has as many as a right one. */
const vector = z.custom<Vector>(
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'number'),
)

const document = z.object({
  embeddings: z.array(vector),
  prompt_eval_count: z.number().nullish(),
})
