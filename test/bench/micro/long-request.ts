/** A long agent's request as clients send it: 201 messages and 40 tools. */

export const longRequest = (): object => ({
  stream: true,
  temperature: 0.7,
  messages: [
    { role: 'system', content: 'You are an agent. Use the tools, one after the other.' },
    ...Array.from({ length: 50 }, (_, round) => conversation(round)).flat(),
  ],
  tools: Array.from({ length: 40 }, (_, index) => tool(index)),
})

/** Four messages: a question, a call, its result, an answer. */
const conversation = (round: number): readonly object[] => [
  { role: 'user', content: `What does "part ${round}" do?\nShow me the naïve way first.` },
  {
    role: 'assistant',
    content: null,
    tool_calls: [
      {
        id: `call_${round}`,
        type: 'function',
        function: { name: `read_file_${round % 40}`, arguments: `{"path":"part-${round}.txt"}` },
      },
    ],
  },
  { role: 'tool', tool_call_id: `call_${round}`, content: 'const café = "naïve"\n'.repeat(12) },
  { role: 'assistant', content: 'It reads the file and counts what is in it. '.repeat(4) },
]

const tool = (index: number): object => ({
  type: 'function',
  function: {
    name: `read_file_${index}`,
    description: 'Reads a file, from one line to another.',
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', description: 'Where the file is.' },
        from: { type: 'integer', minimum: 1 },
        to: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
        how: { type: 'string', enum: ['text', 'lines', 'bytes'] },
      },
      required: ['path'],
      additionalProperties: false,
    },
  },
})
