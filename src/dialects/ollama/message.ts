/** One message, as `api/types.go: Message` has it (0.33): content is a string, pictures stand beside it. */
import type { Media, Message, PastCall } from '../../chat/request.ts'

/** What is empty is left out, but for the content, which templates expect. */
export const encodeMessage = (message: Message): object => {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.text }
    case 'user':
      return { role: 'user', content: message.text, images: encodeMedia(message.media) }
    case 'assistant':
      return {
        role: 'assistant',
        content: message.text,
        thinking: message.reasoning || undefined,
        tool_calls: message.calls.length === 0 ? undefined : message.calls.map(encodeCall),
      }
    case 'tool':
      return {
        role: 'tool',
        content: message.text,
        images: encodeMedia(message.media),
        tool_name: message.name || undefined,
        tool_call_id: message.callId || undefined,
      }
  }
}

/** Whether a message is so long that it is better written in parts. */
export const isLong = (message: Message): boolean =>
  message.text.length > LONG || ('media' in message && message.media.length > 0)

/**
 * The JSON text of a message, in parts. What is long in it is put between quotes by hand: `JSON.stringify`
 * takes 40 ms for one text of 10 MB, and looks through base64 for what needs an escape (10 MB 30 ms).
 */
export function* partsOf(message: Message): Generator<string, void> {
  const media = 'media' in message ? message.media : []
  const bare = JSON.stringify(
    encodeMessage({ ...message, text: '', ...('media' in message && { media: [] }) }),
  )
  const start = `{"role":"${message.role}","content":"`
  yield start
  yield* escapedInPieces(message.text)
  for (const [index, { base64 }] of media.entries()) {
    yield index === 0 ? '","images":["' : '","'
    yield base64
  }
  yield media.length === 0 ? '"' : '"]'
  yield bare.slice(start.length + 1)
}

/** What `JSON.stringify` puts between its quotes, {@link LONG} characters at a time. */
export function* escapedInPieces(text: string): Generator<string, void> {
  for (let start = 0; start < text.length;) {
    // A pair of surrogates that is parted would be two escapes.
    const end = start + LONG + (isHighSurrogate(text.charCodeAt(start + LONG - 1)) ? 1 : 0)
    yield JSON.stringify(text.slice(start, end)).slice(1, -1)
    start = end
  }
}

/** UTF-16 code units. */
export const LONG = 64 * 1024

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00

/** Sound goes where pictures go: Ollama tells them apart by their first bytes (`llm/media.go`). */
const encodeMedia = (media: readonly Media[]): readonly string[] | undefined =>
  media.length === 0 ? undefined : media.map(({ base64 }) => base64)

const encodeCall = ({ id, name, arguments: values }: PastCall, index: number): object => ({
  id: id || undefined,
  function: { index, name, arguments: values },
})
