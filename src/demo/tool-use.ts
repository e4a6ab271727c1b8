/** Whether a question wants one of the offered tools, and with which arguments. */
import type { ChatBodyTool } from './native-chat-body.ts'
import { instanceOf, type Hints } from './schema-instance.ts'

export type DemoCall = { readonly name: string; readonly arguments: object }

/** @returns the calls; one for each place the question names, if the tool takes a place. */
export const callsFor = (tools: readonly ChatBodyTool[], hints: Hints): readonly DemoCall[] => {
  const tool = wantedTool(tools, hints.question)
  if (tool === undefined) return []
  const name = tool.function?.name ?? ''
  const parameters = tool.function?.parameters ?? {}
  const takesPlace = Object.keys(parameters.properties ?? {}).some((key) => PLACE.test(key))
  const rounds = takesPlace && hints.places.length > 0 ? hints.places.slice(0, MOST_CALLS) : ['']
  return rounds.map((place) => {
    const places = place === '' ? hints.places : [place]
    const filled = instanceOf({ type: 'object', ...parameters }, { ...hints, places }, 'needed')
    return { name, arguments: typeof filled === 'object' && filled !== null ? filled : {} }
  })
}

const MOST_CALLS = 4
const PLACE = /city|place|town|locat|country|region|destin/i

/** The first tool that shares a word with the question; the first of all, if a tool is asked for. */
const wantedTool = (tools: readonly ChatBodyTool[], question: string): ChatBodyTool | undefined => {
  const asked = new Set(wordsOf(question))
  const fitting = tools.find(({ function: described }) =>
    [described?.name, described?.description].some((text) =>
      wordsOf(text ?? '').some((word) => asked.has(word)),
    ),
  )
  return fitting ?? (/\b(tools?|functions?)\b/i.test(question) ? tools[0] : undefined)
}

/** Words that say something: short ones and those that every description has do not. */
const wordsOf = (text: string): readonly string[] =>
  text
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 2 && !IDLE.test(word))

const IDLE =
  /^(the|and|for|you|are|what|with|this|that|from|into|your|can|all|any|get|gets|give|gives|given|use|used|using|tool|tools|function|return|returns|current|name|please|tell|about|how|does|has|have|will|now)$/
