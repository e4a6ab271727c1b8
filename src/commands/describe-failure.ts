/** A failure for the operator, at a terminal. */
import { encodeError } from '../dialects/openai/error.ts'
import type { Failure } from '../failure.ts'

/** The sentence a client would get, with the upstream's side of it. */
export const describeFailure = (failure: Failure): string => encodeError(failure).error.message
