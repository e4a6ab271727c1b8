/** One message, as `api/types.go: Message` has it (0.33): content is a string, pictures stand beside it. */
import type { Media, Message, PastCall } from '../../chat/request.ts'
import type { Pace, Steps } from '../../wire/steps.ts'

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

/**
 * {@link encodeMessage} as JSON text. What is long in it is put between quotes by hand: `JSON.stringify`
 * takes 40 ms for one text of 10 MB, and looks through base64 for what needs an escape.
 */
export function* writeMessage(message: Message, pace: Pace): Steps<string> {
  const media = 'media' in message ? message.media : []
  const { role, text } = message
  if (media.length === 0 && text.length < LONG) return JSON.stringify(encodeMessage(message))
  const bare = JSON.stringify(
    encodeMessage(
      'media' in message ? { ...message, text: '', media: [] } : { ...message, text: '' },
    ),
  )
  const start = `{"role":"${role}","content":"`
  const content = yield* escapedInSteps(text, pace)
  const images =
    media.length === 0 ? '' : `,"images":["${media.map(({ base64 }) => base64).join('","')}"]`
  return `${start}${content}"${images}${bare.slice(start.length + 1)}`
}

/** What `JSON.stringify` puts between its quotes. */
function* escapedInSteps(text: string, pace: Pace): Steps<string> {
  let escaped = ''
  for (let start = 0; start < text.length;) {
    // A pair of surrogates that is parted would be two escapes.
    const end = start + LONG + (isHighSurrogate(text.charCodeAt(start + LONG - 1)) ? 1 : 0)
    escaped += JSON.stringify(text.slice(start, end)).slice(1, -1)
    start = end
    if (pace.isDue(LONG)) yield
  }
  return escaped
}

/** How much text is written at a time, UTF-16 code units. */
export const LONG = 64 * 1024

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xdc00

/** Sound goes where pictures go: Ollama tells them apart by their first bytes (`llm/media.go`). */
const encodeMedia = (media: readonly Media[]): readonly string[] | undefined =>
  media.length === 0 ? undefined : media.map(({ base64 }) => base64)

const encodeCall = ({ id, name, arguments: values }: PastCall, index: number): object => ({
  id: id || undefined,
  function: { index, name, arguments: values },
})
