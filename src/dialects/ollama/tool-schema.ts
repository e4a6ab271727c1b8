/** A tool's JSON Schema → what Ollama's structs read of one; what they drop is told in descriptions. */
import type { JsonObject } from '../../chat/request.ts'
import { isJsonObject } from '../../wire/json.ts'
import type { ReadSchema } from './read-schema.ts'
import { partKeywords } from './schema-keywords.ts'
import { mergeSchemas } from './schema-merge.ts'
import {
  definitionsOf,
  mentionsReference,
  renamed,
  renamedReference,
  targetOf,
} from './schema-reference.ts'
import { MAX_DEPTH, type Room, take, tooMuch } from './schema-room.ts'
import { joined, type Lost, paragraph } from './schema-words.ts'

/**
 * A keyword that Ollama reads stays as it is, one that it drops becomes a sentence in the description
 * beside it, and what can be said in Ollama's keywords is: local references are replaced by what they
 * refer to, `allOf` is merged, `oneOf` is `anyOf`, `const` an `enum` of one, `nullable` a type. A schema
 * that loses nothing comes out as it came.
 *
 * @param name the tool's.
 * @param param the schema's path in the request, for a refusal.
 * @throws Failed `invalid-request` where references unfold to too much.
 */
export const readToolSchema = (
  schema: JsonObject,
  name: string,
  param: string,
  room: Room,
): ReadSchema => new SchemaReader(schema, param, room).readAll(name)

class SchemaReader {
  readonly #root: JsonObject
  readonly #param: string
  readonly #room: Room
  /** Whether a definition was put where it is referred to, and whether a reference is left. */
  #inlined = false
  #refers = false
  /** Schemas that lead back into themselves. */
  readonly #recursive = new Set<object>()

  constructor(root: JsonObject, param: string, room: Room) {
    this.#root = root
    this.#param = param
    this.#room = room
  }

  readAll(name: string): ReadSchema {
    const read = this.#read(this.#root, name, [])
    const { definitions } = this.#root
    if (this.#refers) return definitions === undefined ? read : { ...read, $defs: this.#defs() }
    if (this.#inlined) {
      // All that was referred to stands where it belongs: nobody needs it twice.
      const { $defs: _twice, ...rest } = read
      return rest
    }
    return definitions === undefined ? read : this.#told(read, ['definitions', definitions])
  }

  #defs(): JsonObject {
    const defs = Object.entries(definitionsOf(this.#root))
    return Object.fromEntries(defs.map(([name, schema]) => [name, renamed(schema, this.#root)]))
  }

  /** @param within the schemas around this one, outermost first. */
  #read(schema: unknown, name: string, within: readonly object[]): ReadSchema {
    // `true` allows everything, as `{}` does.
    if (schema === true || schema === null) return {}
    if (!isJsonObject(schema)) return this.#told({}, ['schema', schema])
    if (within.length === MAX_DEPTH) throw tooMuch(this.#param, `more than ${MAX_DEPTH} levels`)
    const inside = [...within, schema]
    const { kept, lost } = partKeywords(schema, {
      name,
      isRoot: schema === this.#root,
      inner: (inner, innerName) => this.#read(inner, innerName, inside),
      verbatim: (value) => this.#verbatim(value),
    })
    let read = this.#told(kept, ...lost)
    read = this.#reference(read, schema, name, inside)
    read = this.#allOf(read, schema, name, inside)
    return this.#nullable(read, schema)
  }

  #reference(
    read: ReadSchema,
    { $ref: ref }: JsonObject,
    name: string,
    inside: readonly object[],
  ): ReadSchema {
    if (ref === undefined) return read
    const target = typeof ref === 'string' ? targetOf(this.#root, ref) : undefined
    if (target === true) return read
    if (!isJsonObject(target)) return this.#left(read, ref)
    const start = inside.indexOf(target)
    if (start !== -1) for (const each of inside.slice(start)) this.#recursive.add(each)
    if (this.#recursive.has(target)) {
      // Such a one is written out where it comes first: ten that lead to each other have millions of ways.
      // Elsewhere words must do; of what type it is can still be said.
      const { type } = target
      const isTyped = read.type !== undefined || typeof type !== 'string'
      return this.#left(isTyped ? read : { ...read, type }, ref)
    }
    take(this.#room, target, this.#param)
    const whole = this.#merge(read, this.#read(target, name, inside))
    if (whole === null) return this.#left(read, ref)
    this.#inlined = true
    return whole
  }

  /** A reference that is not replaced. */
  #left(read: ReadSchema, ref: unknown): ReadSchema {
    this.#refers = true
    const home = typeof ref === 'string' ? renamedReference(ref, this.#root) : ref
    return this.#told(read, ['$ref', home])
  }

  #allOf(
    read: ReadSchema,
    { allOf }: JsonObject,
    name: string,
    inside: readonly object[],
  ): ReadSchema {
    if (allOf === undefined) return read
    if (!Array.isArray(allOf)) return this.#told(read, ['allOf', allOf])
    let all = read
    const apart: unknown[] = []
    for (const [index, branch] of allOf.entries()) {
      const both = index < MOST_MERGED ? this.#merge(all, this.#read(branch, name, inside)) : null
      if (both === null) apart.push(branch)
      else all = both
    }
    if (apart.length === 0) return all
    // A branch of a branch of a branch … is told as often as it is nested.
    take(this.#room, apart, this.#param)
    return this.#told(all, ['allOf', apart])
  }

  /** Null where one schema cannot say both. */
  #merge(a: ReadSchema, b: ReadSchema): ReadSchema | null {
    const others = new Map(Object.entries(b))
    const both = Object.entries(a).filter(([keyword]) => others.has(keyword))
    // What is in both is gone through: a merge of merges of merges … goes through the same again and again.
    if (both.length > 0) {
      take(this.#room, [both, both.map(([keyword]) => others.get(keyword))], this.#param)
    }
    return mergeSchemas(a, b)
  }

  /** OpenAPI 3.0's way to say what a list of types says. */
  #nullable(read: ReadSchema, { nullable }: JsonObject): ReadSchema {
    if (nullable === undefined || nullable === false) return read
    const { type, anyOf } = read
    if (nullable === true && type !== undefined) {
      return { ...read, type: [...new Set([type, 'null'].flat())] }
    }
    if (nullable === true && anyOf !== undefined) {
      return { ...read, anyOf: [...anyOf, { type: 'null' }] }
    }
    return this.#told(read, ['nullable', nullable])
  }

  /** Adds a sentence for each of these to the description. */
  #told(read: ReadSchema, ...lost: readonly Lost[]): ReadSchema {
    if (lost.length === 0) return read
    const words = paragraph(lost.map(([keyword, value]) => [keyword, this.#verbatim(value)]))
    return { ...read, description: joined(read.description ?? '', words) }
  }

  /** A value whose references stay: what they refer to has to stay too. */
  #verbatim(value: unknown): unknown {
    if (!mentionsReference(value)) return value
    this.#refers = true
    return renamed(value, this.#root)
  }
}

/** Each merge copies what was merged before. */
const MOST_MERGED = 100
