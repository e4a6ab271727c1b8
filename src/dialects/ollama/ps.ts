/** /api/ps: which models are in memory, and with which window. */
import { z } from 'zod'
import { count, decodeDocument, text } from './description.ts'

/**
 * Names to the windows they were loaded with, tokens; 0 where the server does not say, as old ones do not.
 * Nothing else tells the window that is served by default: it depends on the upstream's memory.
 *
 * @throws Failed `upstream-malformed` when there is no list.
 */
export const decodePs = (body: string): ReadonlyMap<string, number> => {
  const { models } = decodeDocument(document, body, '/api/ps')
  return new Map(
    (models ?? []).flatMap((model) => {
      const { data } = entry.safeParse(model)
      if (data === undefined) return []
      const name = data.name === '' ? data.model : data.name
      return name === '' ? [] : [[name, data.context_length] as const]
    }),
  )
}

const document = z.object({ models: z.array(z.unknown()).nullable() })

const entry = z.object({ name: text, model: text, context_length: count })
