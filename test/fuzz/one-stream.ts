/** One streamed answer as it ought to go, whatever is done to it: a pure model, a move for each thing that can happen. */

/** When what is given up on, ms. No multiple of a tick, so that no two accounts of it differ by a rounding. */
export const TIMES = {
  commitAfterMs: 450,
  heartbeatMs: 650,
  writeStallMs: 1250,
  firstByteTimeoutMs: 1550,
  idleTimeoutMs: 1150,
  totalTimeoutMs: 6050,
  loadGraceMs: 850,
} as const

export const TICK_MS = 100

/** How long the upstream may take to end its connection after its last word (`src/upstream/pump.ts`), ms. */
const TAIL_MS = 1000

export type Model = {
  now: number
  /** `waiting` has got no byte yet; `ended` has got its last word; `over` is gone, or has got a status instead. */
  client: 'waiting' | 'open' | 'ended' | 'over'
  /** Why it got a status of an error instead of a stream. */
  refused: boolean
  /** What it has got, in order: words, `beat`, and the last word. */
  body: string[]
  /** It reads nothing: what is sent stays in the socket. */
  isStalled: boolean
  fullSince: number | null
  lastWrite: number
  /** `done` has said its last word, and its connection is still there. */
  upstream: 'silent' | 'speaking' | 'done' | 'closed'
  /** Whether it was we who closed it. */
  isDropped: boolean
  isPaused: boolean
  lastLine: number
  /** Since when it goes on for a client that left before the first line. */
  leftAt: number | null
  /** How many words it has begun to say, and whether the last of them is said only in part. */
  words: number
  isHalfSaid: boolean
  grace: number
}

export const begin = (grace: number): Model => ({
  now: 0,
  client: 'waiting',
  refused: false,
  body: [],
  isStalled: false,
  fullSince: null,
  lastWrite: 0,
  upstream: 'silent',
  isDropped: false,
  isPaused: false,
  lastLine: 0,
  leftAt: null,
  words: 0,
  isHalfSaid: false,
  grace,
})

/** Whether the upstream can still say anything. */
export const canSpeak = ({ upstream, isPaused }: Model): boolean =>
  upstream !== 'closed' && !isPaused

/** A word, in whole lines. @param isLong whether it fills a socket that nobody reads. */
export const word = (model: Model, isLong: boolean): void => {
  if (!model.isHalfSaid) model.words++
  model.isHalfSaid = false
  if (!line(model)) return
  say(model, [`word ${model.words}`], isLong)
}

/** Part of a word's line: bytes, and no progress. */
export const part = (model: Model): void => {
  if (!model.isHalfSaid) model.words++
  model.isHalfSaid = true
}

/** The last line. */
export const finish = (model: Model): void => {
  const said = model.isHalfSaid ? [`word ${model.words}`] : []
  model.isHalfSaid = false
  if (!line(model)) return
  model.upstream = 'done'
  say(model, [...said, 'done'], false)
}

/** The upstream's connection ends. */
export const hangUp = (model: Model): void => {
  if (model.upstream === 'done') model.upstream = 'closed'
  else fault(model)
}

/** Any other fault of the upstream's: what it was, the model does not care. @param isLine whether it came in a line. */
export const fault = (model: Model, isLine = false): void => {
  if (model.upstream === 'closed') return
  if (model.upstream === 'done') {
    if (!isLine) model.upstream = 'closed'
    return
  }
  if (isLine && !line(model)) return
  say(model, ['error'], false)
  drop(model)
}

export const leave = (model: Model): void => {
  const wasUnderWay = model.client === 'waiting' || model.client === 'open'
  model.client = 'over'
  if (wasUnderWay) abort(model)
}

/** The server ends: the turn is told to, if it is still held. */
export const drain = (model: Model): void => {
  // Who has the last word already, is told no other.
  if (model.client === 'over' || model.client === 'ended') return
  abort(model)
  say(model, ['error'], false)
}

export const stall = (model: Model): void => {
  model.isStalled = true
}

export const readOn = (model: Model): void => {
  model.isStalled = false
  if (model.fullSince === null || model.client !== 'open') return
  model.fullSince = null
  model.isPaused = false
  model.lastLine = model.now
}

/** A tenth of a second goes by. */
export const tick = (model: Model): void => {
  model.now += TICK_MS
  tickClient(model)
  tickUpstream(model)
}

const tickClient = (model: Model): void => {
  const { now, client, fullSince, lastWrite } = model
  if (client !== 'waiting' && client !== 'open') return
  if (fullSince !== null) {
    if (now - fullSince > TIMES.writeStallMs) leave(model)
  } else if (client === 'waiting') {
    if (now >= TIMES.commitAfterMs) say(model, ['beat'], false)
  } else if (now - lastWrite >= TIMES.heartbeatMs) say(model, ['beat'], false)
}

const tickUpstream = (model: Model): void => {
  const { now, upstream, leftAt, grace, lastLine, isPaused } = model
  if (upstream === 'closed') return
  if (upstream === 'done') {
    if (now - lastLine > TAIL_MS) drop(model)
    return
  }
  const isLate =
    now > TIMES.totalTimeoutMs ||
    (upstream === 'silent'
      ? now > TIMES.firstByteTimeoutMs
      : !isPaused && now - lastLine > TIMES.idleTimeoutMs)
  if (leftAt !== null && now - leftAt > grace) drop(model)
  else if (isLate) fault(model)
}

/** A whole line has come. @returns whether anybody is there for what it says. */
const line = (model: Model): boolean => {
  if (model.upstream === 'done' || model.upstream === 'closed') return false
  model.lastLine = model.now
  model.upstream = 'speaking'
  if (model.leftAt !== null) drop(model)
  return model.leftAt === null
}

const say = (model: Model, said: readonly string[], isLong: boolean): void => {
  const [first = ''] = said
  const last = said.at(-1)
  if (model.client === 'ended' || model.client === 'over') return
  if (model.client === 'waiting' && first === 'error') {
    model.client = 'over'
    model.refused = true
    return
  }
  model.client = last === 'done' || last === 'error' ? 'ended' : 'open'
  model.body.push(...said)
  model.lastWrite = model.now
  if (model.client === 'ended' || !isLong || !model.isStalled || model.fullSince !== null) return
  model.fullSince = model.now
  model.isPaused = true
}

/** Nobody is there to hear it: a model that is being loaded may go on for a while. */
const abort = (model: Model): void => {
  if (model.upstream === 'closed') return
  if (model.upstream === 'silent' && model.grace > 0) model.leftAt ??= model.now
  else drop(model)
}

const drop = (model: Model): void => {
  model.upstream = 'closed'
  model.isDropped = true
}
