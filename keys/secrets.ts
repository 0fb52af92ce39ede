import { createHash, randomBytes } from 'node:crypto';

const secretBytes = 32;
/** No vowels and nothing that looks like something else: ids are read aloud and typed. */
const idAlphabet = 'bcdfghjkmnpqrstvwxz23456789';
const idLength = 8;

/** A key as its owner sees it, `pfk_<id>_<secret>`: once. The id is public. */
export function makeKeySecret(): { id: string; key: string } {
  const id = Array.from(randomBytes(idLength), (byte) => idAlphabet[byte % idAlphabet.length]).join('');
  return { id, key: `pfk_${id}_${randomBytes(secretBytes).toString('base64url')}` };
}

/** What a browser's cookie holds. */
export function makeSessionSecret(): string {
  return `pfs_${randomBytes(secretBytes).toString('base64url')}`;
}

/** Whether a text can be a key or a session at all; what cannot be is not looked for. */
export function isSecret(text: string): boolean {
  return secretForm.test(text);
}

const secretForm = /^(?:pfk_[a-z0-9]{8}|pfs)_[\w-]{43}$/;

/** Whether a text can be the id of a key; what cannot be is no question to Postgres, which takes no NUL. */
export function isKeyId(text: string): boolean {
  return idForm.test(text);
}

const idForm = /^[a-z0-9]{1,32}$/;

/** SHA-256 in hexadecimal: what Postgres and memory keep. The secrets are random, so that no salt is needed. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
