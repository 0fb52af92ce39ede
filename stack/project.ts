import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that this file belongs to. */
export const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
