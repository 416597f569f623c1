// A client of the TypeScript SDK, of either generation, that is told what to do line by line.
//
// Started with a JSON object of `generation` (1 or 2), `server`, `redirect` and maybe `document` (the URL of its client
// metadata document). Reads one JSON object a line: {"call", "arguments"}, {"tokens": true} or {"expire": true}; answers
// each with {"result"} or {"error"}. In between it may write {"open": url}, and then reads {"callback": url}.

import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

const config = JSON.parse(process.argv[2]);
const sdk = '@modelcontextprotocol/sdk/client';
const { Client, StreamableHTTPClientTransport, UnauthorizedError } =
    config.generation === 2
        ? await import('@modelcontextprotocol/client')
        : {
              ...(await import(`${sdk}/index.js`)),
              ...(await import(`${sdk}/streamableHttp.js`)),
              ...(await import(`${sdk}/auth.js`))
          };

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value ?? '{"end": true}');
const say = message => process.stdout.write(`${JSON.stringify(message)}\n`);

// What an application has to keep for the SDK.
const kept = {};
const provider = {
    redirectUrl: config.redirect,
    clientMetadataUrl: config.document,
    clientMetadata: {
        client_name: `TypeScript SDK ${config.generation}`,
        redirect_uris: [config.redirect],
        token_endpoint_auth_method: 'none'
    },
    state: () => (kept.state = randomUUID()),
    clientInformation: () => kept.client,
    saveClientInformation: client => void (kept.client = client),
    tokens: () => kept.tokens,
    saveTokens: tokens => void (kept.tokens = tokens),
    redirectToAuthorization: url => void (kept.url = url),
    saveCodeVerifier: verifier => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier,
    invalidateCredentials: what => {
        if (what === 'all' || what === 'tokens') delete kept.tokens;
        if (what === 'all' || what === 'client') delete kept.client;
    }
};

let transport;
let client;

async function connected() {
    if (client) return client;
    transport = new StreamableHTTPClientTransport(new URL(config.server), { authProvider: provider });
    const started = new Client({ name: 'sign-in test', version: '1' });
    await started.connect(transport);
    return (client = started);
}

async function signIn() {
    say({ open: kept.url });
    const { callback } = await read();
    const answer = new URL(callback).searchParams;
    if (answer.get('state') !== kept.state) throw new Error('the answer is not to this request');
    if (config.generation === 2) await transport.finishAuth(answer);
    else if (answer.has('code')) await transport.finishAuth(answer.get('code'));
    else throw new Error(`not signed in: ${answer.get('error')}`);
}

async function call(name, args) {
    for (let signIns = 0; ; signIns++) {
        try {
            return await (await connected()).callTool({ name, arguments: args });
        } catch (error) {
            // Generation 1 refreshes where it should ask for more; only without tokens does it ask.
            if (config.generation === 1 && error.code === 403 && kept.tokens) delete kept.tokens;
            else if (error instanceof UnauthorizedError && signIns < 2) await signIn();
            else throw error;
        }
    }
}

for (;;) {
    const told = await read();
    if (told.end) process.exit(0);
    try {
        if (told.call) say({ result: await call(told.call, told.arguments) });
        else if (told.tokens) say({ result: { ...kept.tokens, client_id: kept.client.client_id } });
        // It keeps no time: a 401 tells it.
        else say({ result: {} });
    } catch (error) {
        say({ error: `${error.name}: ${error.message}` });
    }
}
