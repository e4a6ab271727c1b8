/** The scenarios in the idiom of the AI SDK, whichever provider brings the models. */
import { answersOf } from './answers.mjs'
import { failuresOf } from './failures.mjs'
import { toolsOf } from './tools.mjs'

/**
 * @param connect a provider's chat models, `connect(options)(name)`, with other options than the usual ones.
 * @param provider its models of each kind by name: `chat`, `completion`, `embedding`.
 * @param shows what the provider has a way to show; its own scenario for each, or the reason why not.
 */
export const scenariosOf = (models) => ({
  ...answersOf(models),
  ...toolsOf(models),
  ...failuresOf(models),
})
