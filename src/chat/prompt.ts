/** PromptRequest: a text that a client wants a model to go on with, in our own words. */
import type { ChatRequest } from './request.ts'

/** What is asked of an answer is what a chat may ask of it; there are no messages and no tools. */
export type PromptRequest = Pick<
  ChatRequest,
  | 'model'
  | 'sampling'
  | 'format'
  | 'effort'
  | 'logprobs'
  | 'options'
  | 'numCtx'
  | 'keepAlive'
  | 'askedAs'
> & {
  /** Never empty: Ollama only loads the model for an empty one (`server/routes.go: GenerateHandler`, 0.33). */
  readonly prompt: string
  /** What stands behind the gap that is to be filled; absent where the prompt is to be gone on with. */
  readonly suffix?: string
  /**
   * Whether the model reads the prompt letter by letter. Otherwise its template makes a user's message of it, or,
   * with a suffix, writes both around the gap as this model was trained to see it.
   */
  readonly raw: boolean
}

/** Whether the answer is wanted letter by letter: no thought is looked for in it, and no blank waits. */
export const isExact = ({ raw, suffix }: Pick<PromptRequest, 'raw' | 'suffix'>): boolean =>
  raw || suffix !== undefined
