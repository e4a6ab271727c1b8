/** /api/version: which Ollama this is. */
import { z } from 'zod'
import { decodeDocument } from './description.ts'

/**
 * The version, such as `0.33.0`.
 *
 * @throws Failed `upstream-malformed` when there is none: then it is hardly an Ollama.
 */
export const decodeVersion = (body: string): string =>
  decodeDocument(document, body, '/api/version').version

const document = z.object({ version: z.string().min(1) })
