/** How much a tool's schema may unfold to: a few references to references are gigabytes. */
import { Failed } from '../../failure.ts'

/** What is left for all tools of one request, in characters. */
export type Room = { left: number }

/** More than any model's window holds of tools. */
export const createRoom = (): Room => ({ left: 1024 * 1024 })

/** How deep schemas may stand in each other; a request's own JSON is nested less. */
export const MAX_DEPTH = 200

/**
 * Takes as much room as the value is long.
 *
 * @param param the schema's path in the request.
 * @throws Failed `invalid-request` when there is not so much left.
 */
export const take = (room: Room, value: unknown, param: string): void => {
  room.left -= JSON.stringify(value).length
  if (room.left < 0) throw tooMuch(param, 'more than a million characters')
}

/** The refusal of a schema whose references are the trouble. */
export const tooMuch = (param: string, what: string): Failed =>
  new Failed({
    kind: 'invalid-request',
    message: `Invalid value for '${param}': with each '$ref' replaced by what it refers to, it is ${what}.`,
    param,
    code: 'invalid_value',
  })
