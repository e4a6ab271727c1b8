/** Vectors → the answer of `POST /v1/embeddings`, in octets. */
import type { Vector } from '../../embedding/request.ts'
import { toOctets } from '../../wire/octets.ts'
import type { VectorEncoding } from './embedding-request.ts'

/** One answer: its vectors are written as they come, so that thousands of them are text and not objects. */
export class EmbeddingList {
  readonly #model: string
  readonly #encoding: VectorEncoding
  readonly #pieces: string[] = ['{"object":"list","data":[']
  #count = 0
  #length = 0

  /** @param model the name as the client wrote it. */
  constructor(model: string, encoding: VectorEncoding) {
    this.#model = model
    this.#encoding = encoding
  }

  /** How long it is so far, characters. */
  get length(): number {
    return this.#length
  }

  /** The next vectors, in the order of their inputs. */
  add(vectors: readonly Vector[]): void {
    for (const vector of vectors) {
      const embedding = this.#encoding === 'float' ? JSON.stringify(vector) : `"${base64(vector)}"`
      const comma = this.#count === 0 ? '' : ','
      const piece = `${comma}{"object":"embedding","index":${this.#count},"embedding":${embedding}}`
      this.#pieces.push(piece)
      this.#length += piece.length
      this.#count++
    }
  }

  /** @param promptTokens of all inputs. @returns the whole answer, in pieces. */
  end(promptTokens: number): readonly string[] {
    const model = toOctets(JSON.stringify(this.#model))
    const usage = `{"prompt_tokens":${promptTokens},"total_tokens":${promptTokens}}`
    return [...this.#pieces, `],"model":${model},"usage":${usage}}`]
  }
}

/** 32-bit floats, little-endian on every machine, as OpenAI's SDKs read them. */
const base64 = (vector: Vector): string => {
  const view = new DataView(new ArrayBuffer(vector.length * FLOAT_BYTES))
  for (const [index, value] of vector.entries()) view.setFloat32(index * FLOAT_BYTES, value, true)
  return toBase64(new Uint8Array(view.buffer))
}

const FLOAT_BYTES = 4

/** How many bytes become characters at a time: an argument list has its limit. */
const STRIDE = 8192

const toBase64 = (bytes: Uint8Array): string => {
  let octets = ''
  for (let at = 0; at < bytes.length; at += STRIDE) {
    octets += String.fromCharCode(...bytes.subarray(at, at + STRIDE))
  }
  return btoa(octets)
}
