/** The shape of the answer: OpenAI's `response_format`, or Ollama's own `format`. */
import { z } from 'zod'
import type { Format } from '../../chat/request.ts'
import { jsonObject, oneOf } from './field.ts'
import { assertReadable } from './json-value.ts'
import { missing } from './refusal.ts'

const FORMAT = "expected 'json' or a JSON Schema."

const wish = z.object({
  type: oneOf(['text', 'json_object', 'json_schema']),
  /** `name`, `strict` and `description` mean nothing upstream: the grammar is always strict. */
  json_schema: z.object({ schema: jsonObject.nullish() }).nullish(),
})

export const responseFormat = {
  response_format: wish.nullish(),
  format: z
    .union([z.string().refine((word) => /^(?:json)?$/.test(word), { error: FORMAT }), jsonObject])
    .nullish(),
}

/** A `schema` beside `json_object`, as some servers take it, is not read. */
export const READ_OF_FORMAT: ReadonlyMap<string, readonly string[]> = new Map([
  ['response_format', Object.keys(wish.shape)],
])

const fields = z.object(responseFormat)

/** The field that decides: `response_format` where it is there. */
export const formatField = ({
  response_format: wire,
}: z.infer<typeof fields>): 'response_format' | 'format' =>
  wire == null ? 'format' : 'response_format'

/** Paths of what is set beside the field, or the type, that decides. */
export const ignoredFormats = (body: z.infer<typeof fields>): readonly string[] => {
  const { response_format: wire, format } = body
  if (wire == null) return []
  return [
    ...(wire.type === 'json_schema' || wire.json_schema == null
      ? []
      : ['response_format.json_schema']),
    ...(format == null || format === '' ? [] : ['format']),
  ]
}

/**
 * `response_format` beats `format`. Absent for plain text: Ollama takes even `null` for a wish, and
 * then runs a thinking model twice (`ChatHandler`, 0.33).
 *
 * @throws Failed `invalid-request` for a `json_schema` without its schema.
 */
export const decodeFormat = (body: z.infer<typeof fields>): Format | undefined => {
  const { response_format: wire } = body
  switch (wire?.type) {
    case undefined: {
      const { format } = body
      if (format == null || format === '') return undefined
      if (typeof format === 'string') return 'json'
      assertReadable(format, 'format')
      return format
    }
    case 'text':
      return undefined
    case 'json_object':
      return 'json'
    case 'json_schema': {
      const schema = wire?.json_schema?.schema
      if (schema == null) throw missing(SCHEMA)
      assertReadable(schema, SCHEMA)
      return schema
    }
  }
}

const SCHEMA = 'response_format.json_schema.schema'
