import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { environmentOverStack, loadConfig } from '#adapters/config.ts';
import type { Config } from '#adapters/config.ts';
import type { Setting } from '#adapters/settings/fields.ts';
import { fileVariableOf, isGiven } from '#adapters/settings/secret-files.ts';
import { settings } from '#adapters/settings/settings.ts';
import { embeddedServers } from '#stack/endpoints.ts';
import { writeEnvironmentFile } from '#stack/environment-file.ts';
import { openHome } from '#stack/home.ts';

const folder = mkdtempSync(join(tmpdir(), 'pinflow-config-'));
after(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

const secrets = Object.entries<Setting>(settings).filter(([, { secret }]) => secret === true) as [keyof Config, Setting][];
const problemsOf = (environment: NodeJS.ProcessEnv): string => {
  try {
    loadConfig(environment);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('The settings were taken.');
};

describe('a secret in a file', () => {
  for (const [name, setting] of secrets)
    test(`is taken for ${setting.env}, without the newline at its end`, () => {
      const path = fileWith(setting.env, 'postgres://a:b@c/d e\r\n');
      assert.equal(loadConfig({ [`${setting.env}_FILE`]: path })[name], 'postgres://a:b@c/d e');
      assert.equal(loadConfig({ [`${setting.env}_FILE`]: path, [setting.env]: '' })[name], 'postgres://a:b@c/d e', 'empty means unset');
    });

  test('there are some, and no other setting has the name of their file', () => {
    assert.ok(secrets.length >= 6);
    const names = new Set(Object.values(settings).map(({ env }) => env as string));
    for (const [, setting] of secrets) assert.ok(!names.has(fileVariableOf(setting)!));
  });

  test('is no setting where the setting is no secret', () => {
    assert.equal(loadConfig({ API_HOST_FILE: fileWith('host', '0.0.0.0') }).apiHost, '127.0.0.1');
  });

  test('that cannot be used is one sentence a setting, all together, and none shows what a file holds', () => {
    const closed = fileWith('closed', 'x');
    chmodSync(closed, 0o000);
    mkdirSync(join(folder, 'sub'));
    const message = problemsOf({
      POSTGRES_URL: 'postgres://one',
      POSTGRES_URL_FILE: fileWith('both', 'postgres://two'),
      PINFLOW_SOURCE_URL_FILE: join(folder, 'missing'),
      KAFKA_PASSWORD_FILE: join(folder, 'sub'),
      S3_SECRET_ACCESS_KEY_FILE: fileWith('newline', '\n'),
      TEMPORAL_API_KEY_FILE: '/dev/zero',
      PINFLOW_API_KEY_FILE: join(closed, 'below'),
      API_PORT: 'x',
    });
    for (const line of [
      /POSTGRES_URL and POSTGRES_URL_FILE are both set: keep one of them\./,
      /PINFLOW_SOURCE_URL_FILE=\S+missing: there is no such file; it must be a file that holds what PINFLOW_SOURCE_URL would\./,
      /KAFKA_PASSWORD_FILE=\S+sub: it is a folder;/,
      /S3_SECRET_ACCESS_KEY_FILE=\S+newline: the file is empty;/,
      /TEMPORAL_API_KEY_FILE=\/dev\/zero: it has more than 65536 bytes;/,
      /PINFLOW_API_KEY_FILE=\S+: there is no such file;/,
      /API_PORT="x"/,
    ])
      assert.match(message, line);
    assert.doesNotMatch(message, /postgres:\/\//);
  });

  test('that this user may not read is said so', (t) => {
    if (process.getuid?.() === 0) return t.skip('root may read every file');
    const path = fileWith('unreadable', 'x');
    chmodSync(path, 0o000);
    assert.match(problemsOf({ KAFKA_PASSWORD_FILE: path }), /KAFKA_PASSWORD_FILE=\S+: this user may not read it;/);
  });

  test('says where a server is, as the setting itself does', () => {
    assert.ok(embeddedServers({}).includes('postgres'));
    assert.ok(!embeddedServers({ POSTGRES_URL_FILE: 'x' }).includes('postgres'));
    assert.ok(isGiven(settings.sourceUrl, { PINFLOW_SOURCE_URL_FILE: 'x' }));
  });

  test('goes over what a running stack says, and a stack passes it on without what it holds', () => {
    const home = openHome(join(folder, 'home'));
    const file = fileWith('url', 'postgres://from-file/x');
    const read = (over: NodeJS.ProcessEnv): string => loadConfig(environmentOverStack({ PINFLOW_HOME: home.path, ...over })).postgresUrl;
    writeEnvironmentFile(home, { POSTGRES_URL: 'postgres://stack/x' });
    assert.equal(read({}), 'postgres://stack/x');
    assert.equal(read({ POSTGRES_URL_FILE: file }), 'postgres://from-file/x');
    writeEnvironmentFile(home, { POSTGRES_URL_FILE: file });
    assert.equal(read({}), 'postgres://from-file/x');
    assert.equal(read({ POSTGRES_URL: 'postgres://caller/x' }), 'postgres://caller/x');
    home.close();
  });
});
