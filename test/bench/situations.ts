/** All situations, in the order in which they are measured and reported. */
import type { Situation } from './setting.ts'
import { coalesced } from './situations/coalesced.ts'
import { firstAnswer } from './situations/first-answer.ts'
import { firstToken } from './situations/first-token.ts'
import { idleMemory } from './situations/idle-memory.ts'
import { largeRequest } from './situations/large-request.ts'
import { leaving } from './situations/leaving.ts'
import { oneShot } from './situations/one-shot.ts'
import { paced } from './situations/paced.ts'
import { workers } from './situations/workers.ts'

export const SITUATIONS: readonly Situation[] = [
  paced,
  coalesced,
  firstToken,
  idleMemory,
  leaving,
  oneShot,
  largeRequest,
  firstAnswer,
  workers,
]
