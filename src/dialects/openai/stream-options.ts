/** `stream_options`: what is to come beside the words of a stream. */
import { z } from 'zod'

export const streamOptions = {
  // Allowed beside `stream: false` too, where OpenAI refuses it: usage is there anyway.
  stream_options: z
    .object({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() })
    .nullish(),
}

const fields = z.object(streamOptions)

/** What is read of an object that may hold more. */
export const READ_OF_STREAM_OPTIONS = [
  ['stream_options', ['include_usage', 'include_obfuscation']],
] as const

/** Whether a last chunk with usage is wanted, and `usage: null` on all others. */
export const decodeIncludeUsage = ({ stream_options: wire }: z.infer<typeof fields>): boolean =>
  wire?.include_usage ?? false

/** What is asked for in vain. Without it a stream is as it would be were it refused, so no is no wish. */
export const ignoredStreamOptions = ({
  stream_options: wire,
}: z.infer<typeof fields>): readonly string[] =>
  wire?.include_obfuscation === true ? ['stream_options.include_obfuscation'] : []
