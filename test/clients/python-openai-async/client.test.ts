/** The openai package of Python, its asynchronous client, against the scenarios. */
import { testClient } from '../test-client.ts'

testClient(import.meta.dirname)
