/**
 * The fast lane: a token's line of the plain shape, whose text is copied and not read.
 *
 * Nearly every line of an answer is one token in just these keys and this order (`api/types.go:
 * ChatResponse`, 0.33). One anchored expression proves the shape, that the text is UTF-8, and that it is
 * spelled as we would spell it; then its bytes go to the client as they are. What it does not match, such
 * as the `\u003c` that Go makes of `<`, takes the ordinary way, which it must agree with:
 * `test/dialects/ollama/plain-line.test.ts` compares the two.
 */
import type { Finish, Reasoning, Text } from '../../chat/event.ts'
import { COMMA, QUOTE } from '../../wire/json-characters.ts'
import { decodeDoneReason } from './done-reason.ts'

/** Any string without escapes. */
const BARE = String.raw`[^"\\\x00-\x1f]*`

/** A character of two to four bytes, and no other bytes: RFC 3629 § 4. */
const BEYOND_ASCII = [
  String.raw`[\xc2-\xdf][\x80-\xbf]`,
  String.raw`\xe0[\xa0-\xbf][\x80-\xbf]`,
  String.raw`[\xe1-\xec\xee\xef][\x80-\xbf]{2}`,
  String.raw`\xed[\x80-\x9f][\x80-\xbf]`,
  String.raw`\xf0[\x90-\xbf][\x80-\xbf]{2}`,
  String.raw`[\xf1-\xf3][\x80-\xbf]{3}`,
  String.raw`\xf4[\x80-\x8f][\x80-\xbf]{2}`,
].join('|')

/** The escapes that `JSON.stringify` writes too, in the same letters. */
const ESCAPE = String.raw`\\["\\bfnrt]`

/** No two of its branches begin alike: linear, without backtracking. */
const ASCII = String.raw`[^"\\\x00-\x1f\x80-\xff]*`
const ESCAPED = `${ASCII}(?:(?:${ESCAPE}|${BEYOND_ASCII})${ASCII})*`

/** What stands between the quotes of an empty content and a thought. */
const THINKING = ',"thinking":"'

/**
 * Sticky: it looks at a line where it lies, for cutting it out first costs a copy of each. And it captures
 * nothing: what it would capture is found by counting, while the array of captures that V8 makes of each
 * match was a sixth of all that an answer allocated.
 */
const PLAIN = new RegExp(
  String.raw`\{"model":"${BARE}","created_at":"${BARE}","message":\{"role":"assistant",` +
    String.raw`"content":"(?:"${THINKING}${ESCAPED}|${ESCAPED})"\},"done":false\}(?=\n|$)`,
  'y',
)
const MODEL = '{"model":"'
const CREATED_AT = '","created_at":"'
const CONTENT = '","message":{"role":"assistant","content":"'
const END = '"},"done":false}'

/** Bytes. A token's line has some 150; V8's expressions run out of stack on millions of escapes. */
const LONGEST = 4096

/**
 * @param octets in which the line lies, from `start` to `end`, where its newline is, if it has one.
 * @returns what the line says, or `null` when that takes a closer look.
 */
export const readPlainLine = (
  octets: string,
  start = 0,
  end = octets.length,
): Reasoning | Text | null => {
  if (end - start > LONGEST) return null
  PLAIN.lastIndex = start
  if (!PLAIN.test(octets)) return null
  const model = octets.indexOf('"', start + MODEL.length)
  const content = octets.indexOf('"', model + CREATED_AT.length) + CONTENT.length
  // An empty content, and something behind it: that can only be a thought.
  const isThought = octets.charCodeAt(content) === QUOTE && octets.charCodeAt(content + 1) === COMMA
  const first = isThought ? content + 1 + THINKING.length : content
  const last = end - END.length
  // Nothing is said, and a closer look says that it is no fault.
  if (first === last) return null
  const escaped = octets.slice(first, last)
  return isThought ? { type: 'reasoning', escaped } : { type: 'text', escaped }
}

/** A count or a duration, as a double keeps it. */
const NUMBER = String.raw`(?:0|[1-9]\d{0,14})`

/** The last line of an answer that was not cut off: every answer has one, which costs as much to read as thirty tokens. */
const PLAIN_END = new RegExp(
  String.raw`\{"model":"${BARE}","created_at":"${BARE}","message":\{"role":"assistant","content":""\},` +
    String.raw`"done":true,"done_reason":"(stop|length)","total_duration":${NUMBER},"load_duration":${NUMBER},` +
    String.raw`"prompt_eval_count":(${NUMBER}),"prompt_eval_duration":${NUMBER},` +
    String.raw`"eval_count":(${NUMBER}),"eval_duration":${NUMBER}\}(?=\n|$)`,
  'y',
)

/** As {@link readPlainLine}, for the line that ends an answer and says nothing else. */
export const readPlainEnd = (octets: string, start = 0, end = octets.length): Finish | null => {
  if (end - start > LONGEST) return null
  PLAIN_END.lastIndex = start
  const [, reason, prompt, completion] = PLAIN_END.exec(octets) ?? []
  if (reason === undefined) return null
  const usage = { promptTokens: Number(prompt), completionTokens: Number(completion) }
  return { type: 'finish', reason: decodeDoneReason(reason), usage }
}
