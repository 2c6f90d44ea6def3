import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';

import { api, must, Problem } from './api/client';
import { demo as demoQuery } from './demo/query';
import { Empty, Loading, Wrong } from './parts/Notice';
import { Shell } from './parts/Shell';
import { Login } from './pages/Login';

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
  validateSearch: (s: Record<string, unknown>): { flow?: string; status?: string } => ({ flow: text(s.flow), status: text(s.status) }),
  component: lazyRouteComponent(() => import('./pages/Runs')),
});
const run = createRoute({
  getParentRoute: () => inside,
  path: '/runs/$id',
  validateSearch: (s: Record<string, unknown>): { node?: string } => ({ node: text(s.node) }),
  component: lazyRouteComponent(() => import('./pages/Run')),
});
const flows = createRoute({ getParentRoute: () => inside, path: '/flows', component: lazyRouteComponent(() => import('./pages/Flows')) });
const flow = createRoute({
  getParentRoute: () => inside,
  path: '/flows/$name',
  validateSearch: (s: Record<string, unknown>): { version?: string; node?: string } => ({ version: text(s.version), node: text(s.node) }),
  component: lazyRouteComponent(() => import('./pages/Flow')),
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

const tree = root.addChildren([login, inside.addChildren([home, runs, run, flows, flow, queue, robots, healing, demo, record])]);

/** Makes the router of all pages. */
export function makeRouter(queries: QueryClient) {
  return createRouter({ routeTree: tree, context: { queries }, defaultPreload: 'intent', defaultPendingMs: 200, scrollRestoration: true, defaultErrorComponent: ({ error, reset }) => <Wrong error={error} again={reset} /> });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
