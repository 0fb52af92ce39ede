/** What the API refused, or that it could not be reached: one sentence, and what may be done. */
export class ApiProblem extends Error {
  /** HTTP's; 0 where there was no answer. */
  status: number;
  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** Asks the API. Who has to log in first is sent there, and comes back. @throws ApiProblem */
export async function fetchAnswer<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(path, { headers: { Accept: 'application/json' }, ...init }).catch((error: unknown) => {
    if ((error as Error).name === 'AbortError') throw error;
    throw new ApiProblem(0, 'The API does not answer: it has ended, or this machine cannot reach it.', error);
  });
  if (response.ok) return (await response.json()) as Answer;
  if (response.status === 401) goToLogin();
  throw new ApiProblem(response.status, await sentenceOf(response));
}

export function goToLogin(): void {
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
