import { ErrorBoundary, LocationProvider, Router, Route, useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { Connection } from '#web/parts/connection.tsx';
import { NotFound } from '#web/parts/not-found.tsx';
import { Problem } from '#web/parts/problem.tsx';
import { views } from '#web/views/list.ts';

/** The frame of all views: where they are, and whether what they show is live. */
export function App() {
  return (
    <LocationProvider>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="bar">
        <a class="brand" href="/">
          <img src="/icon.svg" alt="" width="24" height="24" />
          Pinflow
        </a>
        <Navigation />
        <Connection />
      </header>
      <main id="main" tabIndex={-1}>
        <Views />
      </main>
    </LocationProvider>
  );
}

function Navigation() {
  const { path } = useLocation();
  return (
    <nav aria-label="Views">
      <ul>
        {views.map((view) => (
          <li key={view.path}>
            <a href={view.path} aria-current={isWithin(path, view.path) ? 'page' : undefined}>
              {view.title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Views() {
  const [failed, setFailed] = useState<Error>();
  const { path } = useLocation();
  const view = views.find((one) => isWithin(path, one.path));
  useEffect(() => {
    document.title = view === undefined ? 'Pinflow' : `${view.title} · Pinflow`;
    setFailed(undefined);
  }, [path]);
  if (failed !== undefined) return <Problem title="This view could not be shown" message={failed.message} next="Load the page again." />;
  return (
    <ErrorBoundary onError={setFailed}>
      <Router>
        {views.flatMap(({ path: at, below, Component }) =>
          [at, ...(below === undefined ? [] : [`${at}/${below}`])].map((route) => <Route key={route} path={route} component={Component} />),
        )}
        <Route default component={NotFound} />
      </Router>
    </ErrorBoundary>
  );
}

function isWithin(path: string, view: string): boolean {
  return path === view || (view !== '/' && path.startsWith(`${view}/`));
}
