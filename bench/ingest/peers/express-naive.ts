import express from 'express';
import kafkajs from 'kafkajs';
import { loadConfig } from '#adapters/config.ts';
import { makeNames } from '#domain/names.ts';
import { pinItem } from '#domain/kinds/pin/schema.ts';

/** Express as one writes it first: its JSON parser, a schema, and `await producer.send` in each request. kafkajs as it comes. */
const config = loadConfig();
const topic = makeNames(config.prefix).topicOf('pin');
const kafka = new kafkajs.Kafka({ clientId: 'naive', brokers: [...config.kafkaBrokers], logLevel: kafkajs.logLevel.ERROR });
const producer = kafka.producer({
  idempotent: true,
  allowAutoTopicCreation: false,
  createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
});
await producer.connect();

const app = express();
app.use(express.json());
app.get('/readyz', (_req, res) => void res.json({ status: 'ready' }));
// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 hands rejections to its error handler.
app.post('/pin/', async (req, res) => {
  const checked = pinItem.safeParse(req.body);
  if (!checked.success) return void res.status(422).json({ detail: checked.error.issues });
  const pin = checked.data;
  await producer.send({ topic, acks: -1, messages: [{ key: pin.unique_id, value: JSON.stringify(pin) }] });
  res.json(pin);
});
app.listen(config.apiPort, '127.0.0.1', 1_024);
