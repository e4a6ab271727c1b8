/** The scenarios in the idiom of LangChain: ChatOpenAI, OpenAI for completions, OpenAIEmbeddings. */
import { answers } from './answers.mjs'
import { failures } from './failures.mjs'
import { sayVerdicts } from './say-verdicts.mjs'
import { tools } from './tools.mjs'

await sayVerdicts({ ...answers, ...tools, ...failures })
