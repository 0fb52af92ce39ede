import { createHash } from 'node:crypto';
import { loginPath } from '#api/access/credentials.ts';
import type { Answer } from '#api/answers/answer.ts';

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}
input,button{font:inherit;padding:.4rem .6rem}input[type=password]{width:100%;box-sizing:border-box}
p[role=alert]{border-left:4px solid #b00020;padding-left:.8rem}`;
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The form that trades a key for a cookie. `next` is the path to go to afterwards. */
export function loginPage(
  status: number,
  { next, problem }: { next: string; problem?: string },
  headers: Record<string, string> = {},
): Answer {
  return page(
    status,
    `${problem === undefined ? '' : `<p role="alert">${escapeHtml(problem)}</p>`}
<form method="post" action="${loginPath}">
<p><label for="key">Key</label><br><input type="password" id="key" name="key" autocomplete="current-password" required autofocus></p>
<input type="hidden" name="next" value="${escapeHtml(next)}">
<p><button>Log in</button></p>
</form>
<p><small>A key is made by <code>npx pinflow keys create</code>. The browser keeps a cookie in its place.</small></p>`,
    headers,
  );
}

/** Who is logged in, and the way out. */
export function loggedInPage(name: string, scopes: Iterable<string>): Answer {
  return page(
    200,
    `<p>You are logged in with the key <strong>${escapeHtml(name)}</strong>, which may: ${escapeHtml([...scopes].join(', '))}.</p>
<p><a href="/docs">Documentation of the API</a></p>
<form method="post" action="/logout"><p><button>Log out</button></p></form>`,
  );
}

export function keysOffPage(): Answer {
  return page(200, `<p>This API asks nobody for a key. <a href="/docs">Documentation of the API</a></p>`);
}

function page(status: number, content: string, headers: Record<string, string> = {}): Answer {
  return {
    status,
    body: `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Pinflow: log in</title><style>${style}</style></head>
<body>
<h1>Pinflow</h1>
${content}
</body>
</html>
`,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy,
      // Not less than the origin: browsers would send "Origin: null" with the form.
      'Referrer-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      ...headers,
    },
  };
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}
