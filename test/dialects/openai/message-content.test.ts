import { describe, expect, test } from 'vitest'
import { faultOf, messagesOf } from '../../support/chat-body.ts'

const PNG = 'iVBORw0KGgo='
const GIF = 'R0lGODlhAQABAAAAACw='
const WAV = 'UklGRiQAAABXQVZF'
const text = (words: string) => ({ type: 'text', text: words })
const image = (url: string) => ({ type: 'image_url', image_url: { url, detail: 'high' } })
const sound = (format: string) => ({ type: 'input_audio', input_audio: { data: WAV, format } })

describe('the content of one message', () => {
  test.each([
    ['a string', 'Hi\n', 'Hi\n'],
    ['one part', [text(' Hi\n')], ' Hi\n'],
    ['several parts', [text('a'), text('b'), text('c')], 'a\n\nb\n\nc'],
    ['parts with an empty one', [text('a'), text(''), text('c')], 'a\n\nc'],
    [
      'parts around a picture',
      [text('a'), image(`data:image/png;base64,${PNG}`), text('b')],
      'a\n\nb',
    ],
    ['refusals', [text('a'), { type: 'refusal', refusal: 'no' }], 'a\n\nno'],
    ['a picture alone', [image(`data:image/png;base64,${PNG}`)], ''],
  ])('is one text: %s', (_what, content, expected) => {
    const messages = messagesOf({ role: 'user', content })
    expect(messages).toHaveLength(1)
    expect(messages[0]?.text).toBe(expected)
  })

  test('keeps pictures and sound in their order', () => {
    const content = [
      image(`data:image/png;base64,${PNG}`),
      sound('wav'),
      { type: 'image_url', image_url: `data:image/gif;base64,${GIF}` },
      sound('mp3'),
    ]
    expect(messagesOf({ role: 'user', content })).toEqual([
      {
        role: 'user',
        text: '',
        media: [
          { kind: 'image', base64: PNG },
          { kind: 'audio', base64: WAV },
          { kind: 'image', base64: GIF },
          { kind: 'audio', base64: WAV },
        ],
      },
    ])
  })

  test.each([
    [5, 'invalid_type', ''],
    ['words', 'invalid_type', ''],
    [{}, 'invalid_value', '.type'],
    [{ type: 'video_url' }, 'invalid_value', '.type'],
    [{ type: 'file', file: { file_id: 'f' } }, 'unsupported-parameter', '.type'],
    [{ type: 'text' }, 'missing_required_parameter', '.text'],
    [{ type: 'text', text: 5 }, 'invalid_type', '.text'],
    [{ type: 'refusal' }, 'missing_required_parameter', '.refusal'],
    [{ type: 'image_url' }, 'missing_required_parameter', '.image_url'],
    [{ type: 'image_url', image_url: {} }, 'missing_required_parameter', '.image_url.url'],
    [{ type: 'image_url', image_url: { url: 5 } }, 'invalid_type', '.image_url.url'],
    [image('https://example.com/cat.png'), 'unsupported-parameter', '.image_url'],
    [image('data:image/png;base64,%%%'), 'invalid_value', '.image_url'],
    [{ type: 'input_audio' }, 'missing_required_parameter', '.input_audio'],
    [sound('flac'), 'invalid_value', '.input_audio.format'],
    [
      { type: 'input_audio', input_audio: { data: '', format: 'wav' } },
      'invalid_value',
      '.input_audio.data',
    ],
  ])('refuses %j as %s, naming the part%s', (part, code, param) => {
    const content = [text('a'), part]
    expect(faultOf({ messages: [{ role: 'user', content }] })).toEqual([
      code,
      `messages[0].content[1]${param}`,
    ])
  })
})
