/**
 * The models behind the matrix: those of the demo, one in a namespace, one that embeds, and `scripted`,
 * which does what the mark at the beginning of the last user message says.
 */
import { createDemoScript, DEMO_MODELS } from '../../src/demo/demo-models.ts'
import type { NativeChat } from '../../src/demo/native-chat.ts'
import type { ChatBody } from '../../src/demo/native-chat-body.ts'
import { refusal } from '../../src/demo/native-error.ts'
import type { Script, Step } from '../../src/demo/script.ts'
import { speak } from '../../src/demo/speech.ts'
import { createModel } from '../../src/demo/stand-in-model.ts'
import { createStandIn, type StandIn } from '../../src/demo/stand-in.ts'

const SCRIPTED = 'scripted:latest'

export const startModels = (): Promise<StandIn> => {
  const demo = createDemoScript(0)
  return createStandIn({
    models: [
      ...DEMO_MODELS,
      createModel({ name: 'team/namespaced:v1', abilities: ['completion', 'tools'] }),
      createModel({ name: 'demo-embed:latest', abilities: ['embedding'] }),
      createModel({ name: SCRIPTED, abilities: ['completion', 'tools'] }),
    ],
    script: (chat) => (chat.model.name === SCRIPTED ? playMark(chat) : demo(chat)),
  })
}

/** The last user message of a chat: what marks are looked for in. */
export const questionIn = ({ messages }: Pick<ChatBody, 'messages'>): string =>
  (messages ?? []).findLast(({ role }) => role === 'user')?.content ?? ''

/** Precomposed and not, beyond the basic plane, joined, and a line separator that is no line break. */
export const UNICODE = 'Ünï→漢字👩‍👩‍👧‍👦é\u2028'

const playMark = (chat: NativeChat): Script => {
  const question = questionIn(chat.body)
  const mark = Object.keys(MARKS).find((known) => question.startsWith(known)) ?? ''
  return MARKS[mark]?.(chat) ?? say('There is no such mark.', chat)
}

const MARKS: Readonly<Record<string, (chat: NativeChat) => Script>> = {
  '@empty-arguments': (chat) => {
    const isAnswered = chat.body.messages?.at(-1)?.role === 'tool'
    const calls = isAnswered ? [] : [{ name: 'ping', arguments: {} }]
    return speak({ thinking: '', text: isAnswered ? 'It answered.' : '', calls }, chat, 0)
  },
  '@logprobs': (chat) => say('Every word of this is likely.', chat),
  '@unicode': (chat) => [...inThrees(line(UNICODE, chat)), ending(chat)],
  '@busy': () => [
    refusal(503, 'server busy, please try again.  maximum pending requests exceeded'),
  ],
  '@silent-for-ever': () => [{ hold: true }],
  '@error-mid-stream': (chat) => [
    line('This begins', chat),
    line(' well', chat),
    { pause: 50 },
    { line: { error: 'an error was encountered while running the model: CUDA error' } },
  ],
  '@endless': endless,
  '@silence': (chat) => [
    { pause: 10_000 },
    line('Good things', chat),
    line(' take time.', chat),
    ending(chat),
  ],
  '@crash-after-work': (chat) => [line('A lot of work', chat), { pause: 50 }, { tear: true }],
}

function* endless(chat: NativeChat): Generator<Step> {
  for (;;) {
    yield line('and so on ', chat)
    yield { pause: 20 }
  }
}

const say = (text: string, chat: NativeChat): Script =>
  speak({ thinking: '', text, calls: [] }, chat, 0)

const line = (content: string, { name }: NativeChat): Extract<Step, { line: unknown }> => ({
  line: {
    model: name,
    created_at: '2026-11-21T00:00:00Z',
    message: { role: 'assistant', content },
    done: false,
  },
})

const ending = ({ name }: NativeChat): Step => ({
  line: {
    model: name,
    created_at: '2026-11-21T00:00:00Z',
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
    prompt_eval_count: 3,
    eval_count: 5,
  },
})

/** A line in slices that fall into the middle of its code points. */
const inThrees = ({ line: said }: { readonly line: object | string }): readonly Step[] => [
  {
    bytes: `${JSON.stringify(said)}\n`,
    slices: function* (bytes) {
      for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3)
    },
  },
]
