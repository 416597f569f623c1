// The yardstick: oidc-provider with its own in-memory adapter, set up to do what our authorization server does.
// `node anchor.mjs PORT`; POST /bench/families?count=32 makes refresh tokens, POST /bench/token an opaque access token.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

import Provider from "oidc-provider";

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const resource = `${issuer}/mcp`;
const scope = "accounts:read posts:read posts:write media:read inbox:read";
const minute = 60;
const month = 30 * 24 * 60 * minute;

const signingKey = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "bench",
      client_secret: "s".repeat(43),
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["client_credentials", "authorization_code", "refresh_token"],
      response_types: ["code"],
      id_token_signed_response_alg: "EdDSA",
      redirect_uris: ["https://client.example/cb"],
      scope,
    },
  ],
  jwks: { keys: [{ ...signingKey, alg: "EdDSA", use: "sig" }] },
  scopes: [...scope.split(" "), "offline_access"],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope,
        audience: resource,
        accessTokenTTL: 60 * minute,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "EdDSA" } },
      }),
    },
  },
  // Each refresh token once, as with us; its own default spares confidential clients the rotation.
  rotateRefreshToken: true,
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  ttl: { AccessToken: 60 * minute, ClientCredentials: 60 * minute, RefreshToken: month, Grant: 6 * month },
});

async function grantOf(accountId) {
  const grant = new provider.Grant({ clientId: "bench", accountId });
  grant.addResourceScope(resource, scope);
  grant.addOIDCScope(scope);
  return grant.save();
}

async function family(accountId) {
  const token = new provider.RefreshToken({
    client: await provider.Client.find("bench"),
    accountId,
    grantId: await grantOf(accountId),
    gty: "authorization_code",
    scope,
    resource,
    rotations: 0,
  });
  return token.save();
}

async function opaqueToken(accountId) {
  const token = new provider.AccessToken({
    client: await provider.Client.find("bench"),
    accountId,
    grantId: await grantOf(accountId),
    gty: "authorization_code",
    scope,
    aud: resource,
  });
  return token.save();
}

async function prepared(address) {
  if (address.pathname === "/bench/token") return [await opaqueToken("usr_1")];
  const count = Number(address.searchParams.get("count"));
  return Promise.all(Array.from({ length: count }, (_, index) => family(`usr_${index}`)));
}

const answer = provider.callback();
createServer((request, response) => {
  if (!request.url.startsWith("/bench/")) return answer(request, response);
  prepared(new URL(request.url, issuer)).then(
    (tokens) => response.end(`${tokens.join("\n")}\n`),
    (error) => response.writeHead(500).end(String(error.stack)),
  );
}).listen(port, "127.0.0.1", 1024);
