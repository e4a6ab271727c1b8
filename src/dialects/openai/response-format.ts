/** The shape of the answer: OpenAI's `response_format`, or Ollama's own `format`. */
import { z } from 'zod'
import type { Format } from '../../chat/request.ts'
import { jsonObject, oneOf } from './field.ts'
import { assertReadable } from './json-value.ts'
import { missing } from './refusal.ts'

const FORMAT = "expected 'json' or a JSON Schema."

export const responseFormat = {
  response_format: z
    .object({
      type: oneOf(['text', 'json_object', 'json_schema']),
      /** `name`, `strict` and `description` mean nothing upstream: the grammar is always strict. */
      json_schema: z.object({ schema: jsonObject.nullish() }).nullish(),
    })
    .nullish(),
  format: z
    .union([z.string().refine((word) => /^(?:json)?$/.test(word), { error: FORMAT }), jsonObject])
    .nullish(),
}

const fields = z.object(responseFormat)

/**
 * `response_format` beats `format`. Absent for plain text: Ollama takes even `null` for a wish, and
 * then runs a thinking model twice (`ChatHandler`, 0.33).
 *
 * @throws Failed `invalid-request` for a `json_schema` without its schema.
 */
export const decodeFormat = (body: z.infer<typeof fields>): Format | undefined => {
  const { response_format: wish } = body
  switch (wish?.type) {
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
      const schema = wish?.json_schema?.schema
      if (schema == null) throw missing(SCHEMA)
      assertReadable(schema, SCHEMA)
      return schema
    }
  }
}

const SCHEMA = 'response_format.json_schema.schema'
