/** Text into token-like pieces, and how many a prompt has. */
import type { ChatBody } from './native-chat-body.ts'

/** Pieces of up to eight code points, a word's blank in front of it; joined they are the text. */
export const piecesOf = (text: string): readonly string[] => text.match(PIECE) ?? []

const PIECE = /\s*\S{1,8}|\s+$/gu

/** Tokens of a picture, whatever its size (`server/prompt.go: chatPrompt`). */
const IMAGE_TOKENS = 768

/** What the prompt of a request would count: its messages, its pictures, its tools. */
export const promptTokens = ({ messages, tools }: ChatBody): number => {
  let count = piecesOf(JSON.stringify(tools ?? [])).length
  for (const { content, thinking, images, tool_calls: calls } of messages ?? []) {
    count += 2 + piecesOf(content ?? '').length + piecesOf(thinking ?? '').length
    count += piecesOf(JSON.stringify(calls ?? [])).length + IMAGE_TOKENS * (images?.length ?? 0)
  }
  return count
}
