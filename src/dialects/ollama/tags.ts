/** /api/tags: the models an upstream has, and the little it says of each. */
import { z } from 'zod'
import type { Capability } from '../../catalog/model-card.ts'
import {
  capabilities,
  count,
  decodeDocument,
  details,
  isRemote,
  moment,
  text,
} from './description.ts'

/** One entry of the list. Unknown strings are empty, unknown numbers 0. */
export type Tag = {
  /** The upstream's name for it, always with its tag. */
  readonly name: string
  /** Manifest digest, without `sha256:`. */
  readonly digest: string
  /** Bytes on the upstream's disk; next to nothing for the stub of a cloud model. */
  readonly size: number
  /** Unix seconds. */
  readonly modified: number
  readonly family: string
  readonly parameterSize: string
  readonly quantization: string
  /** The trained window, tokens. */
  readonly contextWindow: number
  /** Whether it is the stub of a model that another machine runs. */
  readonly remote: boolean
  /** A lower bound: what only a GGUF's own Jinja template shows is missing here (0.33). */
  readonly capabilities: ReadonlySet<Capability>
}

/**
 * Reads the list in the upstream's order, latest change first. An entry without a name is left out, and
 * one whose name was there already; any other oddity of an entry costs no more than the field it is in.
 *
 * @throws Failed `upstream-malformed` when there is no list.
 */
export const decodeTags = (body: string): readonly Tag[] => {
  const { models } = decodeDocument(document, body, '/api/tags')
  const tags = (models ?? []).flatMap((model) => {
    const { data } = entry.safeParse(model)
    return data === undefined ? [] : tagOf(data)
  })
  const names = new Set<string>()
  return tags.filter(({ name }) => names.size < names.add(name).size)
}

const document = z.object({ models: z.array(z.unknown()).nullable() })

const entry = z.object({
  name: text,
  model: text,
  digest: text,
  size: count,
  modified_at: moment,
  details,
  capabilities,
  remote_host: text,
  remote_model: text,
})

const tagOf = (model: z.infer<typeof entry>): Tag[] => {
  const name = model.name === '' ? model.model : model.name
  if (name === '') return []
  return [
    {
      name,
      digest: model.digest.replace(/^sha256:/, ''),
      size: model.size,
      modified: model.modified_at,
      family: model.details.family,
      parameterSize: model.details.parameter_size,
      quantization: model.details.quantization_level,
      contextWindow: model.details.context_length,
      remote: isRemote(model),
      capabilities: model.capabilities ?? new Set(),
    },
  ]
}
