/** What the API refused, or that it could not be reached: one sentence, and what may be done. */
export class ApiProblem extends Error {
  /** HTTP's; 0 where there was no answer. */
  status: number;
  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** Whatever went wrong, as something to show. */
export function problemOf(error: unknown): ApiProblem {
  return error instanceof ApiProblem ? error : new ApiProblem(0, (error as Error).message, error);
}

/** Asks the API. Who has to log in first is sent there, and comes back. @throws ApiProblem; AbortError where `init.signal` ended it. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, { headers: { Accept: 'application/json' }, ...init }).catch((error: unknown) => {
    if ((error as Error).name === 'AbortError') throw error;
    throw new ApiProblem(0, 'The API does not answer: it has ended, or this machine cannot reach it.', error);
  });
  if (response.ok) return response;
  if (response.status === 401) goToLogin();
  throw new ApiProblem(response.status, await sentenceOf(response));
}

/** Asks for an answer in JSON. @throws as `ask` does. */
export async function fetchAnswer<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  return (await (await ask(path, init)).json()) as Answer;
}

function goToLogin(): void {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

async function sentenceOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { detail } = JSON.parse(text) as { detail: unknown };
    if (typeof detail === 'string') return detail;
    if (Array.isArray(detail)) return detail.map((one: { msg?: string }) => one.msg).join('; ');
  } catch {
    // A proxy on the way answers in its own words.
  }
  return `${response.status} ${response.statusText}: ${text.slice(0, 200)}`;
}
