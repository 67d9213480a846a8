// An authorization server with everything switched on, for testing clients.
//
//   node server.mjs PORT STATE_DIR
//
//   PORT      http   the main issuer
//   PORT + 1  https  a second issuer behind TLS (CA in STATE_DIR/ca.crt)
//   PORT + 2  https  the same issuer, asking for client certificates
//   PORT + 3  http   a strict issuer: DPoP nonces, PAR and PKCE are required, and
//                    registration needs an initial access token
//
// GET /api is an API that takes any of the server's opaque access tokens in the
// Authorization header (scope `write` for other methods) and tells whose it is.
// Access tokens live ten minutes, those of the clients named short-...
// ACCESS_TOKEN_LIFETIME seconds (3). Refresh tokens rotate; one that comes back
// ends all that came of its login.
//
// Logins finish by themselves. The authorization parameter `ui` changes that:
// ui=form shows a login page, ui=deny answers access_denied.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { Provider, errors, interactionPolicy } from 'oidc-provider';
import { NOTIFICATIONS, clients } from './clients.mjs';
import { addGrants } from './grants.mjs';
import { loadState } from './keys.mjs';
import * as JWA from 'oidc-provider/lib/consts/jwa.js';

const HOST = '127.0.0.1';
const [, , portArgument, stateDirectory] = process.argv;
if (!portArgument || !stateDirectory) {
  console.error('usage: node server.mjs PORT STATE_DIR');
  process.exit(2);
}
const port = Number(portArgument);
const state = loadState(stateDirectory);
const SHORT = Number(process.env.ACCESS_TOKEN_LIFETIME ?? 3);
const lifetime = (ctx, token, client) => (client.clientId.startsWith('short-') ? SHORT : 600);

const RESOURCES = {
  'https://api.example.test/jwt': { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } },
  'https://api.example.test/es256': { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } },
  'https://api.example.test/opaque': { accessTokenFormat: 'opaque' },
};
const SCOPES = 'read write';

function resourceInfo(ctx, resource) {
  if (!Object.hasOwn(RESOURCES, resource)) throw new errors.InvalidTarget('unknown resource');
  return { scope: SCOPES, audience: resource, ...RESOURCES[resource] };
}

function account(sub) {
  if (sub === 'nobody') return undefined;
  return {
    accountId: sub,
    async claims() {
      return {
        sub,
        name: `User ${sub}`,
        given_name: sub,
        family_name: 'Test',
        preferred_username: sub,
        email: `${sub}@example.test`,
        email_verified: true,
        phone_number: '+1 555 0100',
        phone_number_verified: false,
        address: { formatted: '1 Test Street', country: 'XX' },
        updated_at: 1700000000,
        zoneinfo: 'Europe/Paris',
        locale: 'en',
      };
    },
  };
}

/** Records consent to everything that a pending request asks for. */
async function consentToAll(provider, { clientId, accountId, params, details = {}, grantId }) {
  const grant = (grantId && await provider.Grant.find(grantId)) || new provider.Grant({ clientId, accountId });
  if (params.scope) grant.addOIDCScope(params.scope);
  const resources = [params.resource ?? []].flat();
  for (const resource of resources) grant.addResourceScope(resource, params.scope ?? '');
  if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
  for (const [indicator, scopes] of Object.entries(details.missingResourceScopes ?? {})) {
    grant.addResourceScope(indicator, scopes.join(' '));
  }
  const rar = params.authorization_details
    ? [JSON.parse(JSON.stringify(typeof params.authorization_details === 'string' ? JSON.parse(params.authorization_details) : params.authorization_details))].flat()
    : [];
  for (const detail of details.rar ?? rar) grant.addRar(detail);
  return grant.save();
}

const now = () => Math.floor(Date.now() / 1000);

function configuration(strict) {
  const policy = interactionPolicy.base();
  return {
    clients: clients(state),
    jwks: { keys: state.server },
    findAccount: (ctx, sub) => account(sub),
    interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    // The address that is registered must be https, and not of this machine. Here nobody ends TLS in front of the client.
    fetch: (url, options) => (String(url) === NOTIFICATIONS
      ? fetch(`http://127.0.0.1:${process.env.NOTIFICATION_PORT}/`, { ...options, dispatcher: undefined })
      : fetch(url, options)),
    clockTolerance: 0, // or tokens would live fifteen seconds longer than they say
    cookies: { keys: ['cookie-signing-key-for-tests'] },
    acrValues: ['urn:test:bronze', 'urn:test:gold'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'given_name', 'family_name', 'preferred_username', 'updated_at', 'zoneinfo', 'locale'],
      email: ['email', 'email_verified'],
      phone: ['phone_number', 'phone_number_verified'],
      address: ['address'],
    },
    scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
    subjectTypes: ['public', 'pairwise'],
    pairwiseIdentifier: (ctx, accountId, client) => `pw-${accountId}-${client.sectorIdentifier}`,
    responseTypes: ['code', 'code id_token', 'code token', 'code id_token token', 'id_token', 'id_token token', 'none'],
    clientAuthMethods: [
      'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none',
      'tls_client_auth', 'self_signed_tls_client_auth',
    ],
    enabledJWA: Object.fromEntries(Object.entries(JWA).filter(([name]) => !name.startsWith('attest'))),
    extraParams: { ui: null, audience: null },
    issueRefreshToken: (ctx, client, code) => client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    rotateRefreshToken: true,
    extraTokenClaims: (ctx, token) => ({ tenant: 'test', ...(token.extra ?? {}) }),
    ttl: {
      AccessToken: lifetime,
      ClientCredentials: lifetime,
      DeviceCode: 300,
      BackchannelAuthenticationRequest: 300,
      IdToken: 600,
      RefreshToken: 86400,
      Session: 3600,
      Interaction: 600,
      Grant: 86400,
    },
    renderError(ctx, out) { // as JSON, which is easier to read from a test
      ctx.type = 'json';
      ctx.body = out;
    },
    pkce: { required: (ctx, client) => strict || client.clientAuthMethod === 'none' },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      ciba: {
        enabled: true,
        deliveryModes: ['poll', 'ping'],
        processLoginHint: (ctx, hint) => hint,
        processLoginHintToken: (ctx, token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sub,
        validateRequestContext: () => undefined,
        verifyUserCode: () => undefined,
        // login_hint=deny refuses, login_hint=wait never answers, all else is approved after two seconds
        async triggerAuthenticationDevice(ctx, request, user, client) {
          const { provider } = ctx.oidc;
          if (user.accountId === 'wait') return;
          const { scope, resource, authorization_details } = request.params ?? ctx.oidc.params;
          setTimeout(async () => {
            try {
              if (user.accountId === 'deny') {
                await provider.backchannelResult(request.jti, new errors.AccessDenied('the user said no'));
                return;
              }
              const grantId = await consentToAll(provider, {
                clientId: client.clientId, accountId: user.accountId, params: { scope, resource, authorization_details },
              });
              await provider.backchannelResult(request.jti, grantId, { acr: 'urn:test:gold', amr: ['push'], authTime: now() });
            } catch (cause) { console.error('ciba', cause); }
          }, 2000);
        },
      },
      claimsParameter: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => strict },
      encryption: { enabled: true },
      fapi: { enabled: true, profile: (ctx, client) => (client?.clientId.startsWith('fapi2') ? '2.0' : undefined) },
      introspection: { enabled: true, allowedPolicy: (ctx, client, token) => client.clientId === 'rs' || token.clientId === client.clientId },
      jwtIntrospection: { enabled: true },
      jwtResponseModes: { enabled: true },
      jwtUserinfo: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: (ctx) => ctx.req.socket.getPeerX509Certificate?.()?.toString(),
        certificateAuthorized: (ctx) => ctx.req.socket.authorized === true,
        certificateSubjectMatches(ctx, property, expected) {
          const certificate = ctx.req.socket.getPeerX509Certificate();
          if (property === 'tls_client_auth_san_dns') return certificate.checkHost(expected) !== undefined;
          if (property === 'tls_client_auth_subject_dn') {
            // RFC 4514 puts the most specific part first.
            return certificate.subject.split('\n').reverse().join(',') === expected;
          }
          return false;
        },
      },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: strict },
      registration: { enabled: true, initialAccessToken: strict ? 'initial-access-token' : false },
      registrationManagement: { enabled: true },
      requestObjects: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx, client, oneOf) => oneOf?.[0] ?? (ctx.oidc.params?.authorization_details ? 'https://api.example.test/jwt' : undefined),
        getResourceServerInfo: resourceInfo,
        useGrantedResource: () => true,
      },
      revocation: { enabled: true },
      richAuthorizationRequests: {
        enabled: true,
        types: {
          payment: {
            validate(ctx, detail) {
              if (!detail.amount) throw new errors.InvalidAuthorizationDetails('payment needs an amount');
            },
          },
        },
        authorizationDetailsForGrantSource: (ctx, source) => ctx.oidc.grant?.rar ?? source?.rar,
        authorizationDetailsForAccessToken: (ctx, token, source) => source?.rar ?? JSON.parse(ctx.oidc.params.authorization_details),
        authorizationDetailsForIntrospection: (ctx, token) => token.rar,
      },
      rpInitiatedLogout: { enabled: true },
      userinfo: { enabled: true },
    },
  };
}

function readForm(req) {
  return new Promise((resolve, reject) => {
    let body = '';
    req.on('data', (chunk) => { body += chunk; });
    req.on('end', () => resolve(Object.fromEntries(new URLSearchParams(body))));
    req.on('error', reject);
  });
}

const page = (title, form) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
<body style="font-family: sans-serif; margin: 3em"><h1>${title}</h1><form method="post">${form}</form></html>`;
const LOGIN = page('Log in', `<label>User <input name="username" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button name="action" value="login">Log in</button><button name="action" value="deny">Cancel</button>`);
const CONSENT = page('Allow access', '<button name="action" value="allow">Allow</button><button name="action" value="deny">Deny</button>');

async function interaction(provider, req, res) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res);
  const finish = (result) => provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
  let ui = params.ui;
  if (ui === 'form' && req.method === 'GET') {
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    res.end(prompt.name === 'login' ? LOGIN : CONSENT);
    return;
  }
  const form = req.method === 'POST' ? await readForm(req) : {};
  if (ui === 'deny' || form.action === 'deny') {
    await finish({ error: 'access_denied', error_description: 'the user said no' });
    return;
  }
  if (prompt.name === 'login') {
    const accountId = form.username ?? params.login_hint ?? 'alice';
    if (ui === 'form' && form.password !== `${accountId}-password`) {
      res.writeHead(401, { 'content-type': 'text/html; charset=utf-8' });
      res.end(LOGIN.replace('<form', '<p role="alert">Wrong user or password</p><form'));
      return;
    }
    const acr = params.acr_values?.split(' ')[0];
    await finish({ login: { accountId, acr, amr: ['pwd'], ts: now() } });
    return;
  }
  const granted = await consentToAll(provider, {
    clientId: params.client_id, accountId: session.accountId, params, details: prompt.details, grantId,
  });
  await finish({ consent: { grantId: granted } });
}

/** What a test may do in place of the user: answer a device code at once. */
async function answerDevice(provider, { user_code, action, sub = 'alice' }) {
  const code = await provider.DeviceCode.findByUserCode(user_code.replace(/[^A-Za-z0-9]/g, '').toUpperCase());
  if (!code) return [404, { error: 'no such user code' }];
  if (action === 'deny') {
    Object.assign(code, { error: 'access_denied', errorDescription: 'the user said no' });
  } else {
    const grantId = await consentToAll(provider, { clientId: code.clientId, accountId: sub, params: code.params });
    Object.assign(code, {
      accountId: sub, grantId, authTime: now(), scope: code.params.scope, resource: code.params.resource, amr: ['pwd'],
    });
  }
  await code.save();
  return [200, { ok: true }];
}

/** A protected resource: any opaque Bearer token of this server that is neither expired nor revoked. */
async function api(provider, req, res) {
  const challenge = (status, error, description, more = '') => {
    const detail = error ? `, error="${error}", error_description="${description}"${more}` : '';
    res.writeHead(status, { 'www-authenticate': `Bearer realm="${provider.issuer}"${detail}`, 'content-type': 'application/json' });
    res.end(JSON.stringify(error ? { error, error_description: description } : {}));
  };
  const [, value] = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(req.headers.authorization ?? '') ?? [];
  if (!value) return challenge(401);
  const token = await provider.AccessToken.find(value) ?? await provider.ClientCredentials.find(value);
  if (!token?.isValid) return challenge(401, 'invalid_token', 'the token is unknown, expired or revoked');
  const scopes = (token.scope ?? '').split(' ');
  if (req.method !== 'GET' && !scopes.includes('write')) return challenge(403, 'insufficient_scope', 'this takes the scope write', ', scope="write"');
  res.writeHead(200, { 'content-type': 'application/json' });
  return res.end(JSON.stringify({ sub: token.accountId, client_id: token.clientId, scope: token.scope, expires_in: token.exp - now() }));
}

function handler(provider, log) {
  const serve = provider.callback();
  return async (req, res) => {
    const { pathname } = new URL(req.url, provider.issuer);
    res.on('finish', () => log(`${req.method} ${pathname} ${res.statusCode}`));
    try {
      if (pathname.startsWith('/interaction/')) {
        await interaction(provider, req, res);
      } else if (pathname === '/api') {
        await api(provider, req, res);
      } else if (pathname === '/_test/device' && req.method === 'POST') {
        const [status, body] = await answerDevice(provider, await readForm(req));
        res.writeHead(status, { 'content-type': 'application/json' });
        res.end(JSON.stringify(body));
      } else {
        await serve(req, res);
      }
    } catch (cause) {
      console.error(pathname, cause);
      res.writeHead(cause.statusCode ?? 500, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ error: cause.error ?? 'server_error', error_description: cause.message }));
    }
  };
}

function build(issuer, { strict = false, mtls } = {}) {
  const settings = configuration(strict);
  if (mtls) {
    const paths = {
      token_endpoint: '/token', introspection_endpoint: '/token/introspection', revocation_endpoint: '/token/revocation',
      userinfo_endpoint: '/me', device_authorization_endpoint: '/device/auth', pushed_authorization_request_endpoint: '/request',
      backchannel_authentication_endpoint: '/backchannel',
    };
    settings.discovery = {
      mtls_endpoint_aliases: Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, `${mtls}${path}`])),
    };
  }
  const provider = new Provider(issuer, settings);
  addGrants(provider, state, resourceInfo);
  provider.on('server_error', (ctx, cause) => console.error('server_error', cause));
  const why = (ctx, cause) => process.env.VERBOSE && console.error(cause.error, cause.error_description, cause.error_detail ?? '', cause.cause?.message ?? '');
  for (const event of ['grant.error', 'authorization.error', 'backchannel_authentication.error', 'pushed_authorization_request.error', 'introspection.error', 'revocation.error', 'userinfo.error', 'registration_create.error', 'device_authorization.error']) provider.on(event, why);
  return provider;
}

const log = process.env.VERBOSE ? (line) => console.error(line) : () => {};
const main = build(`http://${HOST}:${port}`);
const secure = build(`https://localhost:${port + 1}`, { mtls: `https://localhost:${port + 2}` });
const strict = build(`http://${HOST}:${port + 3}`, { strict: true });
const { tls } = state;
const servers = [
  [http.createServer(handler(main, log)), port],
  [https.createServer(tls, handler(secure, log)), port + 1],
  [https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, handler(secure, log)), port + 2],
  [http.createServer(handler(strict, log)), port + 3],
];
await Promise.all(servers.map(([server, at]) => new Promise((resolve, reject) => {
  server.once('error', reject);
  server.listen(at, HOST, resolve);
})));
console.log('ready');

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    for (const [server] of servers) { server.close(); server.closeAllConnections(); }
    process.exit(0);
  });
}
