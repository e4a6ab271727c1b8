/** The body of `POST /v1/embeddings` → EmbeddingRequest. */
import { z } from 'zod'
import type { EmbeddingRequest } from '../../embedding/request.ts'
import { accept, isJsonObject } from '../../wire/json.ts'
import type { RequestPolicy } from './chat-completion-request.ts'
import { compiled, integer, oneOf } from './field.ts'
import { headerNames, ignoredFields } from './ignored-fields.ts'
import { decodeKeepAlive, keepAlive } from './keep-alive.ts'
import { decodeOptions, ollamaOptions, windowField } from './ollama-options.ts'
import { invalid, missing, refuseIgnored, unsupported } from './refusal.ts'

/** How vectors are written: numbers, or their 32-bit floats, little-endian, in base64. */
export type VectorEncoding = 'float' | 'base64'

const schema = z.object({
  model: z
    .string()
    .refine((name) => name.trim() !== '', { error: 'expected the name of a model.' }),
  input: z.unknown(),
  encoding_format: oneOf(['float', 'base64']).nullish(),
  dimensions: integer(1, 2 ** 31 - 1).nullish(),
  keep_alive: keepAlive,
  ...ollamaOptions,
})

const compiledSchema = compiled(schema)

const KNOWN: ReadonlySet<string> = new Set([...Object.keys(schema.shape), 'truncate'])

/** An EmbeddingRequest, and how its answer is to be given. */
export type DecodedEmbeddingRequest = {
  readonly request: EmbeddingRequest
  readonly encoding: VectorEncoding
  /** Names of what the client asked for in vain; safe in a header. */
  readonly ignored: readonly string[]
}

/**
 * @param body as `parseJson` reads it.
 * @throws Failed `invalid-request` or `unsupported-parameter`, naming the param.
 */
export const decodeEmbeddingRequest = (
  body: unknown,
  { strict, allowLoadOptions }: RequestPolicy,
): DecodedEmbeddingRequest => {
  const wire = accept(compiledSchema(), body)
  const inputs = decodeInput(wire.input)
  const stay = decodeKeepAlive(wire, allowLoadOptions)
  const { options, numCtx, ignored: denied } = decodeOptions(wire, allowLoadOptions)
  const ignored = [
    ...(isJsonObject(body) ? ignoredFields(body, KNOWN, new Map()) : []),
    // Whether a text that is too long is cut is the operator's word (`overflow`), and without one it is not.
    ...(isJsonObject(body) && body['truncate'] === true ? ['truncate'] : []),
    ...denied,
    ...stay.ignored,
  ]
  if (strict) refuseIgnored(ignored)
  return {
    request: {
      model: wire.model,
      inputs,
      ...(wire.dimensions != null && { dimensions: wire.dimensions }),
      ...(options !== undefined && { options }),
      ...(numCtx !== undefined && { numCtx, askedAs: { numCtx: windowField(wire) } }),
      ...(stay.keepAlive !== undefined && { keepAlive: stay.keepAlive }),
    },
    encoding: wire.encoding_format ?? 'float',
    ignored: headerNames(ignored),
  }
}

const decodeInput = (input: unknown): readonly string[] => {
  if (input == null) throw missing('input')
  if (typeof input === 'string') {
    if (input === '') throw invalid('input', EMPTY)
    return [input]
  }
  if (!Array.isArray(input)) throw invalid('input', EXPECTED)
  if (input.length === 0) throw invalid('input', 'expected at least one text.')
  const inputs: readonly unknown[] = input
  const texts: string[] = []
  for (const [index, text] of inputs.entries()) {
    if (typeof text === 'number' || Array.isArray(text)) throw unsupported('input', TOKENS)
    if (typeof text !== 'string') throw invalid(`input[${index}]`, EXPECTED)
    if (text === '') throw invalid(`input[${index}]`, EMPTY)
    texts.push(text)
  }
  return texts
}

const EXPECTED = 'expected a text, or a list of texts.'
const EMPTY = 'expected a text that is not empty.'
const TOKENS =
  'Token numbers cannot be read here: they are those of another tokenizer than the model has. ' +
  "Send the texts themselves (in LangChain: 'check_embedding_ctx_length=False')."
