// A client of the TypeScript SDK, of either generation, over stdio, in which a person is asked: it calls one tool as
// often as there are answers, and tells what was asked and what came of it.
//
// Started with a JSON object of `generation` (1 or 2), `command`, `args`, `env`, `tool`, `arguments` and `answers`:
// results of elicitation/create.

const config = JSON.parse(process.argv[2]);
const sdk = '@modelcontextprotocol/sdk';
const { Client, StdioClientTransport, request } =
    config.generation === 2
        ? {
              ...(await import('@modelcontextprotocol/client')),
              ...(await import('@modelcontextprotocol/client/stdio')),
              request: 'elicitation/create'
          }
        : {
              ...(await import(`${sdk}/client/index.js`)),
              ...(await import(`${sdk}/client/stdio.js`)),
              request: (await import(`${sdk}/types.js`)).ElicitRequestSchema
          };

const { command, args, env, tool } = config;
const client = new Client(
    { name: 'asked test', version: '1' },
    { capabilities: { elicitation: { form: {} } }, ...(config.generation === 2 && { versionNegotiation: { mode: 'auto' } }) }
);
const asked = [];
let answer;
client.setRequestHandler(request, ({ params }) => {
    asked.push(params.message);
    return answer;
});
await client.connect(new StdioClientTransport({ command, args, env }));
const results = [];
for (answer of config.answers) {
    const result = await client.callTool({ name: tool, arguments: config.arguments });
    results.push({ isError: result.isError ?? false, text: result.content.map(block => block.text).join('\n') });
}
const version = client.getNegotiatedProtocolVersion?.() ?? null;
await client.close();
process.stdout.write(JSON.stringify({ asked, results, version }));
