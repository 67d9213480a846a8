// node rows.mjs WORLD: the rows that openid-client has, as JSON {row: nanoseconds}. WORLD is a file that the bench has written.
import { readFileSync } from 'node:fs'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'

const world = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const { issuer, api, jwk } = world
const redirectUri = 'https://app.example/callback'

async function imported(key, usages) {
  return crypto.subtle.importKey('jwk', key, { name: 'ECDSA', namedCurve: 'P-256' }, true, usages)
}
const { d: _, ...publicJwk } = jwk
const privateKey = await imported(jwk, ['sign'])
const publicKey = await imported(publicJwk, ['verify'])
const signedBy = { key: privateKey, kid: jwk.kid }

async function discovered(server) {
  return client.discovery(new URL(server), 'svc', undefined, client.ClientSecretBasic('secret'), {
    execute: [client.allowInsecureRequests],
  })
}
const config = await discovered(issuer)
const pending = await discovered(world.pending_issuer)
const as = config.serverMetadata()

// What a program does and keeps before it sends a person to the server.
async function request() {
  const verifier = client.randomPKCECodeVerifier()
  return {
    redirect_uri: redirectUri,
    scope: 'openid email',
    state: client.randomState(),
    nonce: client.randomNonce(),
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }
}

const dpop = client.getDPoPHandle(config, { privateKey, publicKey })
const bound = await client.clientCredentialsGrant(config, { scope: 'read' }, { DPoP: dpop })
const bearer = await client.clientCredentialsGrant(config, { scope: 'read' })
const orders = new URL(api)
async function called(token, options) {
  const answer = await client.fetchProtectedResource(config, token.access_token, orders, 'GET', undefined, undefined, options)
  if (answer.status !== 200) throw new Error(`the API said ${answer.status}`)
  await answer.json()
}

const byKey = client.PrivateKeyJwt(signedBy)
const jarm = new URLSearchParams({ response: world.jarm.response })
const jarmClient = { client_id: 'svc' }
const keys = {}

const rows = {
  dpop_proof: () => dpop.addProof(orders, new Headers(), 'GET', bound.access_token),
  dpop_call: () => called(bound, { DPoP: dpop }),
  bearer_call: () => called(bearer),
  client_assertion: () => byKey(as, jarmClient, new URLSearchParams(), new Headers()),
  client_credentials: () => client.clientCredentialsGrant(config, { scope: 'read' }),
  token_exchange: () =>
    client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
      subject_token: world.subject_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    }),
  authorization_url: async () => client.buildAuthorizationUrl(config, await request()),
  par: async () => client.buildAuthorizationUrlWithPAR(config, await request()),
  jar: async () => client.buildAuthorizationUrlWithJAR(config, await request(), signedBy),
  // openid-client verifies an answer only as it redeems the code; this is the function that it does so with.
  jarm: () =>
    oauth.validateJwtAuthResponse(as, jarmClient, jarm, world.jarm.state, {
      [oauth.jwksCache]: keys,
      [oauth.allowInsecureRequests]: true,
    }),
  device_poll: async () => {
    try {
      await client.genericGrantRequest(pending, 'urn:ietf:params:oauth:grant-type:device_code', { device_code: 'a-code' })
    } catch (error) {
      if (error.error === 'authorization_pending') return
      throw error
    }
    throw new Error('nobody has confirmed')
  },
}

// The median of rounds, after a while in which the compiler has seen all of it.
async function timed(work) {
  let calls = 0
  const warm = performance.now()
  do {
    await work()
    calls++
  } while (performance.now() - warm < world.warm_ms)
  const each = (performance.now() - warm) / calls
  const count = Math.max(1, Math.ceil(world.round_ms / each))
  const rounds = []
  for (let round = 0; round < world.rounds; round++) {
    const start = performance.now()
    for (let call = 0; call < count; call++) await work()
    rounds.push(((performance.now() - start) * 1e6) / count)
  }
  return rounds.sort((a, b) => a - b)[Math.floor(rounds.length / 2)]
}

const found = {}
for (const [row, work] of Object.entries(rows)) found[row] = await timed(work)
process.stdout.write(JSON.stringify(found) + '\n', () => process.exit(0))
