/** /api/show: what one model can do. Ollama checks requests against this, not against /api/tags. */
import { z } from 'zod'
import type { Capability } from '../../catalog/model-card.ts'
import { capabilities, count, decodeDocument, details, isRemote, text } from './description.ts'
import { decodeNumCtx } from './parameters.ts'

/** What we keep of it. Unknown strings are empty, unknown numbers 0. */
export type Show = {
  /** The whole truth, unless undefined: old servers do not say. */
  readonly capabilities: ReadonlySet<Capability> | undefined
  /** The trained window, tokens. */
  readonly contextWindow: number
  /** The window its Modelfile asks for, tokens. */
  readonly numCtx: number
  readonly parameterCount: number
  readonly family: string
  readonly parameterSize: string
  readonly quantization: string
  /** Whether it is the stub of a model that another machine runs. */
  readonly remote: boolean
}

/** The question for one model; its answer holds no token lists (`verbose` is false by default). */
export const encodeShow = (name: string): string => JSON.stringify({ model: name })

/** @throws Failed `upstream-malformed` when it is not a JSON object. */
export const decodeShow = (body: string): Show => {
  const show = decodeDocument(document, body, '/api/show')
  const info = show.model_info
  const architecture = text.parse(info['general.architecture'])
  return {
    capabilities: show.capabilities,
    contextWindow: count.parse(info[`${architecture}.context_length`]),
    numCtx: decodeNumCtx(show.parameters),
    parameterCount: count.parse(info['general.parameter_count']),
    family: show.details.family,
    parameterSize: show.details.parameter_size,
    quantization: show.details.quantization_level,
    remote: isRemote(show),
  }
}

const document = z.object({
  capabilities,
  details,
  model_info: z.record(z.string(), z.unknown()).catch({}),
  parameters: text,
  remote_host: text,
  remote_model: text,
})
