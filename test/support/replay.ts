/** A script that plays a recording: its status, its content type, its bytes verbatim. */
import type { Slicing, Step } from '../../src/demo/script.ts'
import type { Recording } from './recordings.ts'

/** @param slices how the bytes are cut into TCP writes; the stand-in's own way unless said. */
export const replay = ({ response, bytes }: Recording, slices?: Slicing): readonly Step[] => {
  const { status, contentType, complete } = response
  const isStream = contentType === 'application/x-ndjson'
  const head = {
    status,
    headers: {
      ...(contentType === '' ? {} : { 'content-type': contentType }),
      ...(isStream ? {} : { 'content-length': String(bytes.length) }),
    },
  }
  if (bytes.length === 0) return [{ ...head, body: '' }]
  return [
    head,
    { bytes, ...(slices === undefined ? {} : { slices }) },
    complete ? { end: true } : { tear: true },
  ]
}
