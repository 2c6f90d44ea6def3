import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';

import { api, must, Problem } from './api/client';
import { demo as demoQuery } from './demo/query';
import { Empty, Loading, Wrong } from './parts/Notice';
import { Shell } from './parts/Shell';
import { Answer } from './pages/Answer';
import { Login } from './pages/Login';
import { clean } from './run/views';

/**
 * Whether the browser sent the cookie of a sign-in when the app was loaded, which scripts cannot see, or somebody has
 * signed in since. Who has none need not be asked who they are.
 */
const cookie = () => document.querySelector<HTMLMetaElement>('meta[name=cookie]')?.content !== 'none';

/** Notes that somebody has signed in, or out. */
export function signed(in_: boolean) {
  document.querySelector('meta[name=cookie]')?.setAttribute('content', in_ ? 'sent' : 'none');
}

interface Context {
  queries: QueryClient;
}

/** Who is signed in, as all pages ask for it. */
export const me = {
  queryKey: ['me'],
  queryFn: () => must(api.GET('/api/v1/me')),
  staleTime: 60_000,
};

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: () => <Empty title="There is no such page">The links above lead on.</Empty>,
});

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (s: Record<string, unknown>): { to?: string } => ({ to: typeof s.to === 'string' && /^\/(?!\/)/.test(s.to) ? s.to : undefined }),
  component: Login,
});

// For those who have a link to one question: nothing of the rest is loaded or asked for.
const byLink = createRoute({ getParentRoute: () => root, path: '/answer', component: Answer });

const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    if (!cookie()) throw redirect({ to: '/login', search: { to: location.href } });
    try {
      await context.queries.ensureQueryData(me);
    } catch (e) {
      if (e instanceof Problem && (e.status === 401 || e.status === 403)) throw redirect({ to: '/login', search: { to: location.href } });
      throw e;
    }
  },
  pendingComponent: Loading,
  errorComponent: ({ error, reset }) => <Wrong error={error} again={reset} />,
});

const text = (v: unknown) => (typeof v === 'string' && v ? v : undefined);

// Numbers in an address are read as such.
const words = (v: unknown) => (typeof v === 'number' ? String(v) : text(v));

const home = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: async ({ context }) => {
    // What cannot be asked is not offered.
    const d = await context.queries.fetchQuery(demoQuery).catch(() => undefined);
    throw redirect({ to: d?.fresh && d.may ? '/demo' : '/runs' });
  },
});
const runs = createRoute({
  getParentRoute: () => inside,
  path: '/runs',
  validateSearch: clean,
  component: lazyRouteComponent(() => import('./pages/Runs')),
});
const waiting = createRoute({ getParentRoute: () => inside, path: '/waiting', component: lazyRouteComponent(() => import('./pages/Waiting')) });
const run = createRoute({
  getParentRoute: () => inside,
  path: '/runs/$id',
  validateSearch: (s: Record<string, unknown>): { node?: string; at?: string; view?: string; with?: string } => ({ node: text(s.node), at: text(s.at), view: text(s.view), with: text(s.with) }),
  component: lazyRouteComponent(() => import('./pages/Run')),
});
const flows = createRoute({ getParentRoute: () => inside, path: '/flows', component: lazyRouteComponent(() => import('./pages/Flows')) });
const flow = createRoute({
  getParentRoute: () => inside,
  path: '/flows/$name',
  validateSearch: (s: Record<string, unknown>): { version?: string; node?: string } => ({ version: text(s.version), node: text(s.node) }),
  component: lazyRouteComponent(() => import('./pages/Flow')),
});
const newFlow = createRoute({ getParentRoute: () => inside, path: '/flows/new', component: lazyRouteComponent(() => import('./edit/EditPage')) });
const editFlow = createRoute({ getParentRoute: () => inside, path: '/flows/$name/edit', component: lazyRouteComponent(() => import('./edit/EditPage')) });
const versions = createRoute({
  getParentRoute: () => inside,
  path: '/flows/$name/versions',
  validateSearch: (s: Record<string, unknown>): { from?: string; to?: string } => ({ from: words(s.from), to: words(s.to) }),
  component: lazyRouteComponent(() => import('./edit/versions/VersionsPage')),
});
const queue = createRoute({
  getParentRoute: () => inside,
  path: '/queue',
  validateSearch: (s: Record<string, unknown>): { state?: string } => ({ state: text(s.state) }),
  component: lazyRouteComponent(() => import('./pages/Queue')),
});
const robots = createRoute({ getParentRoute: () => inside, path: '/robots', component: lazyRouteComponent(() => import('./pages/Robots')) });
const demo = createRoute({ getParentRoute: () => inside, path: '/demo', component: lazyRouteComponent(() => import('./pages/Demo')) });
const record = createRoute({ getParentRoute: () => inside, path: '/record', component: lazyRouteComponent(() => import('./pages/Record')) });
const healing = createRoute({
  getParentRoute: () => inside,
  path: '/healing',
  validateSearch: (s: Record<string, unknown>): { state?: string; id?: number } => ({ state: text(s.state), id: Number.isSafeInteger(s.id) ? (s.id as number) : undefined }),
  component: lazyRouteComponent(() => import('./pages/Heals')),
});

const items = createRoute({ getParentRoute: () => inside, path: '/items', component: lazyRouteComponent(() => import('./pages/Items')) });
const itemQueue = createRoute({
  getParentRoute: () => inside,
  path: '/items/$queue',
  validateSearch: (s: Record<string, unknown>): { status?: string; sla?: 'late' | 'at_risk'; search?: string; item?: number } => ({
    status: text(s.status),
    sla: s.sla === 'late' || s.sla === 'at_risk' ? s.sla : undefined,
    search: typeof s.search === 'number' ? String(s.search) : text(s.search),
    item: Number.isSafeInteger(s.item) ? (s.item as number) : undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/ItemQueue')),
});
const dead = createRoute({
  getParentRoute: () => inside,
  path: '/dead',
  validateSearch: (s: Record<string, unknown>): { flow?: string; reason?: string } => ({ flow: text(s.flow), reason: text(s.reason) }),
  component: lazyRouteComponent(() => import('./pages/Dead')),
});
const secrets = createRoute({ getParentRoute: () => inside, path: '/secrets', component: lazyRouteComponent(() => import('./pages/Secrets')) });
const access = createRoute({ getParentRoute: () => inside, path: '/access', component: lazyRouteComponent(() => import('./pages/Access')) });
const audit = createRoute({
  getParentRoute: () => inside,
  path: '/audit',
  validateSearch: (s: Record<string, unknown>): { who?: string; action?: string; object?: string; from?: string; to?: string } => ({
    who: text(s.who),
    action: text(s.action),
    object: typeof s.object === 'number' ? String(s.object) : text(s.object),
    from: text(s.from),
    to: text(s.to),
  }),
  component: lazyRouteComponent(() => import('./pages/Audit')),
});
const settings = createRoute({ getParentRoute: () => inside, path: '/settings', component: lazyRouteComponent(() => import('./pages/Settings')) });
const health = createRoute({ getParentRoute: () => inside, path: '/health', component: lazyRouteComponent(() => import('./pages/Health')) });

const tree = root.addChildren([login, byLink, inside.addChildren([home, runs, waiting, run, flows, flow, newFlow, editFlow, versions, queue, robots, healing, items, itemQueue, dead, secrets, access, audit, settings, health, demo, record])]);

/** Makes the router of all pages. */
export function makeRouter(queries: QueryClient) {
  return createRouter({ routeTree: tree, context: { queries }, defaultPreload: 'intent', defaultPendingMs: 200, scrollRestoration: true, defaultErrorComponent: ({ error, reset }) => <Wrong error={error} again={reset} /> });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
