/** What a demo model answers when nothing but words is asked of it. */

/** @param model the model's own name, to introduce itself with. */
export const answerTo = (question: string, model: string): string => {
  const verbatim = /^(?:please )?(?:say|repeat)(?: exactly| after me)?:\s*([^]+)$/i.exec(question)
  if (verbatim?.[1] !== undefined) return verbatim[1]
  const count = /\bcount(?: from 1)?(?: up)? to (\d{1,4})\b/i.exec(question)
  if (count?.[1] !== undefined) {
    return `${Array.from({ length: Number(count[1]) }, (_, index) => index + 1).join(', ')}.`
  }
  const known = KNOWN.find(({ asked }) => asked.test(question))
  return (known?.answer ?? ECHO)
    .replaceAll('{model}', model.replace(/:latest$/, ''))
    .replaceAll('{question}', () => shortened(question))
}

/** A question as it is quoted back: one line, and not too long a one. */
export const shortened = (question: string): string => {
  const line = question.replaceAll(/\s+/g, ' ').trim()
  return line.length <= 120 ? line : `${Array.from(line).slice(0, 119).join('')}…`
}

const ECHO =
  'You asked: “{question}” I am {model}, a model without weights, so I have no opinion on that. ' +
  'But everything around my words is real: they stream one by one, they are counted, ' +
  'and you can stop me whenever you like.'

const KNOWN: readonly { readonly asked: RegExp; readonly answer: string }[] = [
  {
    asked: /\b(poem|haiku|verse)\b/i,
    answer: 'Two tongues, one doorway:\nan interpreter listens —\nthe words find their way.',
  },
  {
    asked: /\b(story|tale)\b/i,
    answer:
      'Once there was an interpreter who lived on a bridge between two towns. ' +
      'In one they spoke in long, careful sentences; in the other, one word at a time. ' +
      'She carried each word across the moment it was spoken, in the order it was spoken, ' +
      'and never added one of her own. Nobody remembered her name. ' +
      'Everybody understood each other.',
  },
  {
    asked: /\b(code|program|script)\b/i,
    answer: '```js\nconst greet = (name) => `Hello, ${name}!`\n\nconsole.log(greet("world"))\n```',
  },
  {
    asked: /\b(hello|hi|hey|good (morning|afternoon|evening))\b/i,
    answer:
      'Hello! I am {model}, a small stand-in that lives inside tolk. ' +
      'Ask me for a story or a haiku, let me count to 20, or tell me: say exactly: whatever you like.',
  },
]
