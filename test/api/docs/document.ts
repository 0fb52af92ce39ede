import { Ajv2020 } from 'ajv/dist/2020.js';

type Examples = Readonly<Record<string, { summary?: string; value: unknown }>>;
type Content = Readonly<Record<string, { schema: object; examples?: Examples }>>;
type Texts = Readonly<Record<string, { value: string }>>;
export type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; examples?: Texts };
export type DocumentedAnswer = { description: string; headers?: Record<string, unknown>; content?: Content };
export type DocumentedOperation = {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security: object[];
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { content: Content };
  responses: Record<string, DocumentedAnswer>;
};
/** As much of an OpenAPI document as ours has. */
export type OpenApi = {
  openapi: string;
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { parameters: Record<string, Parameter> };
};

/** An operation with its place; parameters are resolved. */
export type Operation = Omit<DocumentedOperation, 'parameters'> & { method: string; path: string; parameters: Parameter[] };

export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method,
      path,
      parameters: (operation.parameters ?? []).map((parameter) =>
        '$ref' in parameter ? document.components.parameters[parameter.$ref.split('/').at(-1)!]! : parameter,
      ),
    })),
  );
}

/** Target of a request for the example of that name: parameters have their value of that name, required ones else their first. */
export function targetFor({ path, parameters }: Pick<Operation, 'path' | 'parameters'>, example: string): string {
  const query = new URLSearchParams();
  let target = path;
  for (const { name, in: place, required = false, examples = {} } of parameters) {
    const value = examples[example]?.value ?? (required ? Object.values(examples)[0]?.value : undefined);
    if (value === undefined) continue;
    if (place === 'path') target = target.replace(`{${name}}`, encodeURIComponent(value));
    if (place === 'query') query.set(name, value);
  }
  return query.size === 0 ? target : `${target}?${query.toString()}`;
}

/** What is wrong with an answer by the document: a sentence, or undefined. */
export type CheckAnswer = (operation: Operation, answer: { status: number; type: string | null; body: unknown }) => string | undefined;

export function makeCheckAnswer(document: OpenApi): CheckAnswer {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(document, 'openapi');
  return ({ method, path, responses }, { status, type, body }) => {
    const place = `${method.toUpperCase()} ${path}`;
    const documented = responses[status];
    if (documented === undefined) return `${place} does not document the status ${status}`;
    const content = documented.content ?? {};
    const found = Object.keys(content).find((known) => known === '*/*' || known === type?.split(';')[0]);
    if (found === undefined)
      return content === documented.content ? `${place} ${status} does not document the content type ${type}` : undefined;
    const pointer = ['paths', path, method, 'responses', String(status), 'content', found, 'schema'];
    const $ref = `openapi#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
    const validate = ajv.getSchema($ref) ?? ajv.compile({ $ref });
    return validate(body) ? undefined : `${place} ${status}: ${ajv.errorsText(validate.errors)}`;
  };
}
