/** Holds a request against the card of its model: what the model cannot do is said before it is sent. */
import type { PromptRequest } from '../chat/prompt.ts'
import type { ChatRequest, Media } from '../chat/request.ts'
import { type Ability, Failed } from '../failure.ts'
import type { ModelCard } from './model-card.ts'

/** A request made to fit, and what of it was dropped for that, by the client's names. */
export type Fitted<Request = ChatRequest> = {
  readonly request: Request
  readonly ignored: readonly string[]
}

/**
 * Refuses what this model surely cannot do, drops an effort it cannot make, and adds how the operator
 * wants it served. An uncertain card refuses and drops nothing: the upstream knows better.
 *
 * @param strict refuse a window or a `keep_alive` that the operator's own would override. An effort that the model cannot
 *   make is never refused: agents send one to every model, and it would end their session.
 * @throws Failed `unsupported-by-model` or `unsupported-parameter`, naming the param.
 */
export const fit = (request: ChatRequest, card: ModelCard, strict = false): Fitted => {
  if (card.certain) refuse(request, card)
  return suited(request, card, strict)
}

/** As {@link fit}, for a text that is to be gone on with, or whose gap is to be filled. */
export const fitPrompt = (
  request: Omit<PromptRequest, 'prompt'>,
  card: ModelCard,
  strict = false,
): Fitted<Omit<PromptRequest, 'prompt'>> => {
  if (card.certain) refusePrompt(request, card)
  return suited(request, card, strict)
}

const suited = <Request extends Wish & Pick<ChatRequest, 'effort'>>(
  request: Request,
  card: ModelCard,
  strict: boolean,
) => {
  const { effort } = request
  const { served, ignored } = serve(request, card, strict)
  // Not to think is in every model's power, and where a card knows nothing of thinking the model may think.
  const thinks = !card.certain || card.capabilities.has('thinking') || effort === false
  if (effort === undefined || thinks) return { request: { ...request, ...served }, ignored }
  const { effort: _effort, ...rest } = request
  return {
    request: { ...rest, ...served },
    ignored: [request.askedAs?.effort ?? 'reasoning_effort', ...ignored],
  }
}

/** What an operator has a word in, of any request. */
type Wish = Pick<ChatRequest, 'numCtx' | 'keepAlive' | 'askedAs'>

/**
 * Adds how the operator wants a model served. What loads and unloads it has one owner: a window that differs
 * from one request to the next reloads the model, and a `keep_alive` decides for whoever asks next.
 *
 * @param strict refuse what the operator's own would override.
 * @throws Failed `unsupported-parameter`, naming the param.
 */
export const serve = (
  { numCtx: wanted, keepAlive, askedAs }: Wish,
  card: ModelCard,
  strict: boolean,
): {
  readonly served: Pick<Wish, 'numCtx' | 'keepAlive'>
  readonly ignored: readonly string[]
} => {
  const numCtx = card.serving.numCtx ?? wanted
  const overridden = wanted !== undefined && wanted !== numCtx
  const windowName = askedAs?.numCtx ?? 'num_ctx'
  if (strict && overridden) throw fixedWindow(windowName, card)
  const keepFor = card.serving.keepAlive ?? keepAlive
  const outlasted = keepAlive !== undefined && keepAlive !== keepFor
  if (strict && outlasted) throw fixedStay(card)
  return {
    served: {
      ...(numCtx === undefined ? {} : { numCtx }),
      ...(keepFor === undefined ? {} : { keepAlive: keepFor }),
    },
    ignored: [...(overridden ? [windowName] : []), ...(outlasted ? ['keep_alive'] : [])],
  }
}

const fixedStay = ({ name }: ModelCard): Failed =>
  new Failed({
    kind: 'unsupported-parameter',
    message: `How long '${name}' stays loaded is settled here: leave 'keep_alive' out.`,
    param: 'keep_alive',
  })

const fixedWindow = (param: string, { name, serving }: ModelCard): Failed =>
  new Failed({
    kind: 'unsupported-parameter',
    message: `'${name}' is always served with a window of ${serving.numCtx} tokens here: leave '${param}' out.`,
    param,
  })

const refuse = (request: ChatRequest, { name, capabilities }: ModelCard): void => {
  if (!capabilities.has('completion')) {
    throw unsupported(
      'chat',
      'model',
      `'${name}' is not a chat model; GET /v1/models lists those that are.`,
    )
  }
  if (request.tools.length > 0 && !capabilities.has('tools')) {
    throw unsupported(
      'tools',
      'tools',
      `'${name}' cannot call tools; leave out 'tools', or choose a model that can: GET /v1/models lists them.`,
    )
  }
  for (const { kind, capability, ability, lack } of SENSES) {
    const param = capabilities.has(capability) ? null : contentWith(request, kind)
    if (param !== null) {
      throw unsupported(
        ability,
        param,
        `'${name}' ${lack}, or choose a model whose capabilities.${capability} is true in GET /v1/models.`,
      )
    }
  }
}

const refusePrompt = (
  { suffix }: Pick<PromptRequest, 'suffix'>,
  { name, capabilities }: ModelCard,
): void => {
  if (!capabilities.has('completion')) {
    throw unsupported(
      'chat',
      'model',
      `'${name}' writes no text; GET /v1/models lists those that do.`,
    )
  }
  if (suffix !== undefined && !capabilities.has('insert')) {
    throw unsupported(
      'suffix',
      'suffix',
      `'${name}' was not made to fill a gap; leave out 'suffix', or choose a model whose capabilities.insert is true in GET /v1/models.`,
    )
  }
}

/** What a message can hold beside text, and what a model needs to take it in. */
const SENSES = [
  {
    kind: 'image',
    capability: 'vision',
    ability: 'images',
    lack: 'cannot see images; leave them out',
  },
  { kind: 'audio', capability: 'audio', ability: 'audio', lack: 'cannot hear audio; leave it out' },
] as const

const unsupported = (ability: Ability, param: string, message: string): Failed =>
  new Failed({ kind: 'unsupported-by-model', ability, message, param })

/** The path of the first message that holds such media, or null. */
const contentWith = ({ messages }: ChatRequest, kind: Media['kind']): string | null => {
  const index = messages.findIndex(
    (message) => 'media' in message && message.media.some((media) => media.kind === kind),
  )
  return index === -1 ? null : `messages[${index}].content`
}
