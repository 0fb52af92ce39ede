import { fastify } from 'fastify';
import { makeTakePin } from '#bench/ingest/peers/take-pin.ts';

/** Fastify with the body as bytes (its own parser and schemas would parse twice), then what the API does. */
const { port, takePin } = await makeTakePin();
const app = fastify({ logger: false, bodyLimit: 65_536, keepAliveTimeout: 65_000 });

app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.get('/readyz', () => ({ status: 'ready' }));
app.post<{ Body: Buffer }>('/pin/', async (request, reply) => {
  const { status, headers, body } = await takePin(request.body);
  return reply.code(status).headers(headers).send(body);
});
await app.listen({ port, host: '127.0.0.1', backlog: 1_024 });
