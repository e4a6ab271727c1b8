/** Requests of ten megabytes, as long conversations with tools and pictures become. */
import { modelOf, WORKLOADS } from './workload.ts'

export type LargeBody = { readonly title: string; readonly body: Buffer }

/** What each of them weighs, bytes. */
const SIZE = 10 * 1024 * 1024

/** Each is built when it is asked for: they are large. */
export const LARGE_BODIES: readonly { readonly title: string; readonly build: () => Buffer }[] = [
  { title: 'a history of long texts', build: () => bodyOf(fill(longTexts)) },
  { title: 'a history of tool calls and results', build: () => bodyOf(fill(toolCalls)) },
  { title: 'a history of short messages', build: () => bodyOf(fill(shortMessages)) },
  { title: 'five pictures', build: () => bodyOf(pictures()) },
  { title: 'one text', build: () => bodyOf([{ role: 'user', content: textOf(SIZE - 4096) }]) },
]

const bodyOf = (messages: readonly object[]): Buffer =>
  Buffer.from(JSON.stringify({ model: modelOf(WORKLOADS.brief), stream: true, messages }))

/** Rounds of a conversation until there are ten megabytes of them. */
const fill = (round: (index: number) => readonly object[]): readonly object[] => {
  const messages: object[] = []
  for (let size = 0, index = 0; size < SIZE; index++) {
    const more = round(index)
    size += Buffer.byteLength(JSON.stringify(more))
    messages.push(...more)
  }
  return messages
}

const longTexts = (): readonly object[] => [
  { role: 'user', content: textOf(4000) },
  { role: 'assistant', content: textOf(4000) },
]

const toolCalls = (index: number): readonly object[] => [
  { role: 'user', content: textOf(300) },
  {
    role: 'assistant',
    content: null,
    tool_calls: [
      {
        id: `call_${index}`,
        type: 'function',
        function: {
          name: 'read_file',
          arguments: JSON.stringify({ path: `src/part-${index}.ts`, from: 1, to: 80 }),
        },
      },
    ],
  },
  { role: 'tool', tool_call_id: `call_${index}`, content: textOf(2500) },
  { role: 'assistant', content: textOf(200) },
]

/** Some sixteen thousand of them: tolk takes twenty (`MOST_MESSAGES`). */
const shortMessages = (): readonly object[] => [
  { role: 'user', content: textOf(600) },
  { role: 'assistant', content: textOf(600) },
]

/** Base64 of what is no picture: nobody in between may look at it. */
const pictures = (): readonly object[] => {
  const url = `data:image/png;base64,${PNG}${'A'.repeat(Math.floor(SIZE / 5 / 4) * 4 - PNG.length)}`
  const picture = { type: 'image_url', image_url: { url } }
  return [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Compare these.' },
        ...Array.from({ length: 5 }, () => picture),
      ],
    },
  ]
}

/** The first bytes of a PNG. */
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]).toString(
  'base64',
)

/** Of about so many bytes: lines, quotes and letters beyond ASCII among them, as in life. */
const textOf = (bytes: number): string =>
  SENTENCES.repeat(Math.ceil(bytes / Buffer.byteLength(SENTENCES))).slice(0, bytes)

const SENTENCES =
  'An interpreter between two strangers leaves nothing out and adds nothing. "Why?" they ask.\nconst café = "naïve"\n'
