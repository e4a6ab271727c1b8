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

/** Sound goes where pictures go: Ollama tells them apart by their first bytes (`llm/media.go`). */
const encodeMedia = (media: readonly Media[]): readonly string[] | undefined =>
  media.length === 0 ? undefined : media.map(({ base64 }) => base64)

const encodeCall = ({ id, name, arguments: values }: PastCall, index: number): object => ({
  id: id || undefined,
  function: { index, name, arguments: values },
})
