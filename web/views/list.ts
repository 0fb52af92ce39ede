import type { ComponentType } from 'preact';
import { lazy } from 'preact-iso';

/** A view is a folder here and an entry in this list; its code is loaded when it is opened. */
export type View = {
  /** Where it is, for the API, too: everything below `/view/` is this page. */
  path: string;
  title: string;
  /** What of it has a link of its own: a path below it, as the router writes them. */
  below?: string;
  Component: ComponentType;
};

export const views: readonly View[] = [
  { path: '/', title: 'Flow', Component: lazy(() => import('./flow/flow-view.tsx').then((view) => view.FlowView)) },
  { path: '/view/offsets', title: 'Offsets', Component: lazy(() => import('./offsets/offsets-view.tsx').then((view) => view.OffsetsView)) },
  {
    path: '/view/intervals',
    title: 'Intervals',
    below: ':hour',
    Component: lazy(() => import('./intervals/intervals-view.tsx').then((view) => view.IntervalsView)),
  },
  {
    path: '/view/metrics',
    title: 'Metrics',
    below: ':name',
    Component: lazy(() => import('./metrics/metrics-view.tsx').then((view) => view.MetricsView)),
  },
  { path: '/view/stream', title: 'Stream', Component: lazy(() => import('./stream/stream-view.tsx').then((view) => view.StreamView)) },
  { path: '/view/events', title: 'Events', Component: lazy(() => import('./events/events-view.tsx').then((view) => view.EventsView)) },
  { path: '/view/sql', title: 'SQL', Component: lazy(() => import('./sql/sql-view.tsx').then((view) => view.SqlView)) },
];
