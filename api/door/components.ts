import { retentionSettings } from '#adapters/settings/retention.ts';
import { bodyEncodings } from '#api/door/decode-body.ts';
import { requestIdCharactersMax } from '#api/door/exchange.ts';
import { receiptHeader } from '#api/door/receipt.ts';
import { keyCharactersMax, unsupportedEncoding } from '#api/door/refusals.ts';
import { acks } from '#api/door/wishes.ts';
import { describeHeader } from '#api/openapi/header.ts';

const keptHours = retentionSettings.retentionIdempotencyHours.schema.parse(undefined);
const placeOfOne = { topic: 'pinterest.pin', partition: 1, offset: 31, appendTimeMs: 0 };

/** Headers of what takes events or has a body, and the one that every answer has. */
export const doorHeaders = {
  'Pinflow-Receipt': describeHeader(
    'Where the event is: a structured-field dictionary (RFC 9651). Without partition and offset where nobody waited for Kafka.',
    receiptHeader('pin', placeOfOne, '01a1fb16-c5e0-709e-a436-189230e48072')['Pinflow-Receipt']!,
  ),
  'X-Request-Id': describeHeader(
    'The request’s own X-Request-Id where it is a plain token, else one of ours. Access logs name it.',
    'd41d8cd9-1',
  ),
  'Accept-Encoding': describeHeader('How a body may be encoded here.', unsupportedEncoding(bodyEncodings).headers!['Accept-Encoding']!),
  'Idempotency-Replayed': describeHeader(
    '`true` where this is the answer that an earlier request with the same Idempotency-Key got.',
    'true',
  ),
};

/** What every request that brings events may say. */
export const doorParameters = {
  ack: {
    name: 'ack',
    in: 'query',
    description:
      '`log` (default): answered when Kafka has the events. `none`: answered with 202 at once, nobody knows whether they are kept.',
    schema: { enum: [...acks], default: acks[0] },
    examples: { 'waited-for': { value: 'log' }, 'not-waited-for': { value: 'none' }, 'other-ack': { value: 'all' } },
  },
  'Idempotency-Key': {
    name: 'Idempotency-Key',
    in: 'header',
    description: `The same key gets the first outcome again and publishes nothing, for ${keptHours} hours unless the server is set otherwise. 409 while the first request runs, 422 where target or body differ from it.`,
    schema: { type: 'string', minLength: 1, maxLength: keyCharactersMax },
  },
  'X-Request-Id': {
    name: 'X-Request-Id',
    in: 'header',
    description: `A name for this request, 1 to ${requestIdCharactersMax} letters, digits or any of \`_.:/+=@-\`; the answer and the access log carry it.`,
    schema: { type: 'string' },
  },
};
