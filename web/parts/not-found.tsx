import { views } from '#web/views/list.ts';

export function NotFound() {
  return (
    <section class="empty">
      <h1>There is no such view</h1>
      <ul>
        {views.map(({ path, title }) => (
          <li key={path}>
            <a href={path}>{title}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}
