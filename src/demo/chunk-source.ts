/** Where the demo's chunks come from: the real `openai` package, or, where it is not installed, fetch. */
import { EventSourceParserStream } from 'eventsource-parser/stream'
import type OpenAI from 'openai'

type Request = OpenAI.ChatCompletionCreateParamsStreaming
type Chunk = OpenAI.ChatCompletionChunk

/** Streams one chat. @throws what the SDK or fetch throws, and a failure said in the stream. */
export type ChunkSource = (request: Request, signal?: AbortSignal) => Promise<AsyncIterable<Chunk>>

/**
 * The package is a development dependency: a clone has it, an installed tolk has not, and a proxy need not
 * bring 20 MB of client along.
 *
 * @param baseUrl with `/v1`.
 */
export const openChunkSource = async (baseUrl: string, key: string): Promise<ChunkSource> => {
  const sdk = await importOpenAI()
  if (sdk === null) return fetching(baseUrl, key)
  const client = new sdk.default({ baseURL: baseUrl, apiKey: key, maxRetries: 0 })
  return (request, signal) =>
    client.chat.completions.create(request, signal === undefined ? {} : { signal })
}

const importOpenAI = async () => {
  try {
    return await import('openai')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') {
      return null
    }
    throw error
  }
}

const fetching =
  (baseUrl: string, key: string): ChunkSource =>
  async (request, signal) => {
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(request),
      signal: signal ?? null,
    })
    if (!response.ok || response.body === null) throw new Error(await response.text())
    return chunksIn(response.body)
  }

async function* chunksIn(body: ReadableStream<Uint8Array>): AsyncGenerator<Chunk> {
  const events = body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
  for await (const { data } of events) {
    if (data === '[DONE]') return
    const said: Chunk | { error: { message: string } } = JSON.parse(data)
    if ('error' in said) throw new Error(said.error.message)
    yield said
  }
}
