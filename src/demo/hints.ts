/** What a question names: its places and its numbers, as a very simple model would notice them. */
import type { Hints } from './schema-instance.ts'

/** A capitalised word that is not merely the first of a sentence counts as a place. */
export const hintsIn = (question: string): Hints => ({
  question,
  places: [...question.matchAll(CAPITALISED)]
    .map(([words]) => words.replace(STARTERS, ''))
    .filter((words) => words !== ''),
  numbers: [...question.matchAll(/-?\d+(\.\d+)?/g)].map(([digits]) => Number(digits)),
})

const CAPITALISED = /\p{Lu}[\p{L}\p{M}’'-]+(?: \p{Lu}[\p{L}\p{M}’'-]+)*/gu

const STARTERS =
  /^(?:What|How|Is|Are|Will|Does|Do|Please|Tell|Use|Call|Give|Get|Find|Look|Check|Show|Could|Can|Would|Which|When|Where|Who|Why|The|This|That|And|Also|Then|Now|Weather|Hello|Hi|If|In|It|My|You|Answer|Compare|Search|Describe|Write|Make|Count|Say|List|Explain|Create|Let|Should|We|There|Here|Yes|No|Thanks|Extract|Return|Generate|Translate|Summarize)\b(?:['’]s)? ?/
