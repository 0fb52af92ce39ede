import { loginPath } from '#api/access/credentials.ts';
import type { Refusal } from '#api/answers/refusal.ts';

export const otherPage: Refusal = {
  status: 403,
  reason: 'forbidden',
  message: `This form was sent by a page of another site: open ${loginPath} itself`,
};
