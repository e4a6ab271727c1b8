/** The JSON Schema of the configuration file, for editors and for our own tables. */
import { z } from 'zod'
import { settingsSchema } from './schema.ts'
import type { Path } from './tree.ts'

/** One schema of the tree; only the keywords that we read. */
export type SchemaNode = z.core.JSONSchema.BaseSchema

/** The published schema: JSON Schema 2020-12 of what may be written in the file. */
export const jsonSchema: SchemaNode = z.toJSONSchema(settingsSchema, { io: 'input' })

/** What `tolk schema` prints. */
export const jsonSchemaText = (): string => `${JSON.stringify(jsonSchema, null, 2)}\n`

/** The schema of what stands at `path`; undefined where nothing is known. */
export const nodeAt = (path: Path): SchemaNode | undefined => {
  let node: SchemaNode | undefined = jsonSchema
  for (const key of path) node = node === undefined ? undefined : below(node, key)
  return node
}

/** The schema that a list's items share, or that an object gives to its key. */
export const below = (node: SchemaNode, key: string | number): SchemaNode | undefined => {
  const { items, properties = {}, additionalProperties } = node
  const found =
    typeof key === 'number'
      ? items
      : Object.hasOwn(properties, key)
        ? properties[key]
        : additionalProperties
  return typeof found === 'object' && !Array.isArray(found) ? found : undefined
}
