/** The Dockerfile, instruction by instruction. */
import { documentAt } from '../support/documents.ts'

const instructions = documentAt('docker/Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? []
    return { name, rest }
  })

/** The arguments of every instruction of that name, continued lines joined, in order. */
export const all = (name: string): readonly string[] =>
  instructions.filter((instruction) => instruction.name === name).map(({ rest }) => rest)

/** The command of an ENTRYPOINT or a HEALTHCHECK, word for word. @throws for the shell form. */
export const execForm = (name: 'ENTRYPOINT' | 'HEALTHCHECK'): readonly string[] => {
  const [, list = ''] = /(?:^|CMD )(\[.*\])$/.exec(all(name)[0] ?? '') ?? []
  const words: unknown = JSON.parse(list)
  if (!Array.isArray(words)) throw new Error(`${name} is no list`)
  return words.map(String)
}

/** The variables that a container starts with. */
export const environment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...(all('ENV')[0] ?? '').matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(
      ([, name = '', quoted, plain = '']) => [name, quoted ?? plain],
    ),
  )
