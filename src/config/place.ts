/** How a complaint names the value it is about, so that the reader knows where to look. */
import type { Layered } from './layers.ts'
import { nameOf, type Path } from './tree.ts'
import type { Origin } from './origin.ts'

/** `--port`, `TOLK_PORT`, `server.port` in tolk.json5. */
export const placeOf = (
  path: Path,
  { origins, fileName }: Pick<Layered, 'origins' | 'fileName'>,
) => {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(nameOf(path.slice(0, length)))
    if (origin !== undefined) return namedBy(origin, path, path.slice(length))
  }
  // What no option accounts for can only have been written in the file.
  return fileName === null ? `\`${nameOf(path)}\`` : `\`${nameOf(path)}\` in ${fileName}`
}

const namedBy = (origin: Origin, path: Path, inside: Path): string => {
  switch (origin.kind) {
    case 'file':
      return `\`${nameOf(path)}\` in ${origin.file}`
    case 'flag':
    case 'environment':
      return inside.length === 0 ? `\`${origin.name}\`` : `\`${nameOf(inside)}\` in ${origin.name}`
    case 'default':
      return `\`${nameOf(path)}\``
  }
}
