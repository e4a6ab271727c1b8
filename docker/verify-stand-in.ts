/** An Ollama for docker/verify.sh: the demo's stand-in, as fast as it goes. Prints its address and serves until killed. */
import { createDemoScript, DEMO_MODELS } from '../src/demo/demo-models.ts'
import { createStandIn } from '../src/demo/stand-in.ts'

const { url } = await createStandIn({ models: DEMO_MODELS, script: createDemoScript(0) })
process.stdout.write(`${url}\n`)
