import type { ComponentChildren } from 'preact';

/** What went wrong, in the API's words, and what to do. */
export function Problem({ title, message, next }: { title: string; message: string; next?: ComponentChildren }) {
  return (
    <section class="problem" role="alert">
      <h2>{title}</h2>
      <p>{message}</p>
      {next === undefined ? null : <p>{next}</p>}
    </section>
  );
}
