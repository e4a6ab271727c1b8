/** The `content` of a message: a string, or parts of text, pictures and sound. */
import { z } from 'zod'
import type { Media } from '../../chat/request.ts'
import type { Pace, Steps } from '../../wire/steps.ts'
import { list, oneOf } from './field.ts'
import { decodeAudio, decodeImage } from './media.ts'
import { invalid, unsupported } from './refusal.ts'

const part = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('refusal'), refusal: z.string() }),
    z.object({
      type: z.literal('image_url'),
      // Ollama's own /v1 takes the bare string too. `detail` has no meaning upstream.
      image_url: z.union([z.object({ url: z.string() }), z.string()]),
    }),
    z.object({
      type: z.literal('input_audio'),
      input_audio: z.object({ data: z.string(), format: oneOf(['wav', 'mp3']) }),
    }),
    z.object({ type: z.literal('file') }),
  ],
  { error: "expected 'text', 'image_url', 'input_audio' or 'refusal'." },
)

export const content = z.union([z.string(), list(part)]).nullish()

type Parts = Exclude<z.infer<typeof content>, string | null | undefined>

/** One message's text, and what it shows, in order. */
export type Body = { readonly text: string; readonly media: readonly Media[] }

/** Of a plain string, which is most content. */
export const plainBody = (text: string): Body => ({ text, media: [] })

/**
 * Parts are one message. Their texts are joined by a blank line, as Ollama itself joins the messages
 * that its /v1 makes of them (`template.go: collate`): glued together, two parts would share a word.
 *
 * Rests behind a large picture or sound: each is looked through to its end.
 *
 * @param mayFetch whether a picture may be somewhere else.
 * @throws Failed naming the part.
 */
export function* decodeParts(
  parts: Parts,
  param: string,
  pace: Pace,
  mayFetch = false,
): Steps<Body> {
  const texts: string[] = []
  const media: Media[] = []
  for (const [index, item] of parts.entries()) {
    const at = `${param}[${index}]`
    switch (item.type) {
      case 'text':
        texts.push(item.text)
        break
      case 'refusal':
        texts.push(item.refusal)
        break
      case 'image_url': {
        const { image_url: image } = item
        const url = typeof image === 'string' ? image : image.url
        media.push(decodeImage(url, `${at}.image_url`, mayFetch))
        break
      }
      case 'input_audio':
        media.push(decodeAudio(item.input_audio.data, `${at}.input_audio.data`))
        break
      case 'file':
        throw unsupported(
          `${at}.type`,
          'Models behind Ollama read no files: send their text as a text part.',
        )
    }
    if (pace.isDue(effortOf(item))) yield
  }
  return { text: paragraphs(texts), media }
}

/** Text is taken as it is. */
const effortOf = (item: Parts[number]): number => {
  switch (item.type) {
    case 'image_url': {
      const { image_url: image } = item
      return 400 + (typeof image === 'string' ? image : image.url).length
    }
    case 'input_audio':
      return 400 + item.input_audio.data.length
    case 'text':
    case 'refusal':
    case 'file':
      return 400
  }
}

/** The text of a role that can only speak: pictures there would be lost. */
export const textOf = ({ text, media }: Body, param: string): string => {
  if (media.length === 0) return text
  throw invalid(param, "pictures and sound belong in messages of role 'user' or 'tool'.")
}

/** Texts that stand for themselves, as one; empty ones leave no gap. */
export const paragraphs = (texts: readonly string[]): string =>
  texts.length === 1 ? (texts[0] ?? '') : texts.filter((text) => text !== '').join('\n\n')
