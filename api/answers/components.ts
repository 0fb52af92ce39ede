import { describeHeader } from '#api/openapi/header.ts';

/** Headers that a refusal of any route may have. */
export const refusalHeaders = {
  'Retry-After': describeHeader('Seconds after which the request may be sent again.', '1'),
  Allow: describeHeader('The methods that the path knows.', 'POST'),
};
