// A real OpenID Connect server for tests: signs in, without asking, whoever `login_hint` names.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [port, redirectUri] = [Number(process.argv[2]), process.argv[3]];
const issuer = `http://127.0.0.1:${port}`;

const person = (sub, more) => ({
  sub,
  email: `${sub}@example.com`,
  email_verified: true,
  name: `${sub[0].toUpperCase()}${sub.slice(1)}`,
  picture: '',
  groups: [],
  realm_access: { roles: [] },
  ...more,
});
const people = {
  ada: person('ada', { groups: ['Physics', 'Unknown'], realm_access: { roles: ['admin'] } }),
  bob: person('bob', { realm_access: { roles: ['user'] } }),
  eve: person('eve', { email_verified: false }),
  mute: person('mute', { email: undefined }),
  zoe: person('zoe', { email: 'zoe@elsewhere.org' }),
};
const scope = 'openid email profile groups';

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'switchyard',
    client_secret: 'client-secret',
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [],
  }],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'picture'],
    groups: ['groups', 'realm_access'],
  },
  scopes: scope.split(' '),
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => people[id] }),
  pkce: { required: () => true },
  cookies: { keys: ['a key of the tests'] },
  loadExistingGrant: async (ctx) => {
    const { client, session } = ctx.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope(scope);
    await grant.save();
    return grant;
  },
});

const serve = provider.callback();
createServer(async (request, response) => {
  if (!request.url.startsWith('/interaction/')) return serve(request, response);
  const { params } = await provider.interactionDetails(request, response);
  const login = { accountId: params.login_hint };
  return provider.interactionFinished(request, response, { login });
}).listen(port, '127.0.0.1');
