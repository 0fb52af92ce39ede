import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { Setting } from '#adapters/settings/fields.ts';
import { fileVariableOf } from '#adapters/settings/secret-files.ts';
import { settings } from '#adapters/settings/settings.ts';
import { searchAttributes } from '#domain/names.ts';
import { assertNone, root, textOf } from './tracked-files.ts';

/** The part of the Compose Specification that is used here. */
type Service = {
  image?: string;
  build?: unknown;
  command?: unknown;
  environment?: Record<string, unknown>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: { disable?: boolean; test?: string[]; interval?: string; timeout?: string; retries?: number };
  depends_on?: Record<string, { condition?: string }>;
  restart?: string;
};

const keys = [
  'image',
  'build',
  'command',
  'entrypoint',
  'environment',
  'ports',
  'volumes',
  'healthcheck',
  'depends_on',
  'restart',
  'init',
  'profiles',
];
const text = textOf('docker-compose.yml');
const compose = parse(text, { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown> };
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.build !== undefined);

/** Names of the services for which `offends` tells what is wrong. */
function check(reason: string, offends: (service: Service, name: string) => string[]): void {
  assertNone(
    services.flatMap(([name, service]) => offends(service, name).map((problem) => `${name}: ${problem}`)),
    reason,
  );
}

test('services are written with known keys only', () => {
  check('A key that the Compose Specification does not have is an error there, or silently nothing:', (service) =>
    Object.keys(service).filter((key) => !keys.includes(key)),
  );
});

test('images are pinned', () => {
  check('An image without a fixed version is another one tomorrow:', ({ image }) =>
    image !== undefined && /:v?\d[\w.-]*$/.test(image) ? [] : [String(image)],
  );
});

test('every service has a health check, or says that it has none', () => {
  check('Others wait for it, and a person looks at it:', ({ healthcheck }) => {
    if (healthcheck?.disable === true) return [];
    return healthcheck?.test?.[0] === 'CMD' &&
      healthcheck.interval !== undefined &&
      healthcheck.timeout !== undefined &&
      healthcheck.retries !== undefined
      ? []
      : ['no complete health check'];
  });
});

test('services wait for a state of what they need', () => {
  check('A container that was started is not one that serves:', ({ depends_on: needs = {} }) =>
    Object.entries(needs).flatMap(([other, { condition }]) => {
      const service = compose.services[other];
      if (service === undefined) return [`${other} does not exist`];
      if (condition === 'service_completed_successfully')
        return service.restart?.startsWith('on-failure') === true ? [] : [`${other} never completes`];
      return condition === 'service_healthy' && service.healthcheck?.disable !== true ? [] : [`${other}: ${String(condition)}`];
    }),
  );
});

test('ports are published on loopback only', () => {
  check('Nothing here asks for a key; the network must not reach it by default:', ({ ports = [] }) =>
    ports.filter((port) => !/^127\.0\.0\.1:\$\{[A-Z0-9_]+_PUBLISHED_PORT:-\d+\}:\d+$/.test(port)),
  );
});

test('what is mounted is there', () => {
  check('A missing file is mounted as an empty folder, a missing volume is an error:', ({ volumes = [] }) =>
    volumes.flatMap((volume) => {
      const [source = ''] = volume.split(':');
      return source.startsWith('./') ? (existsSync(join(root, source)) ? [] : [source]) : source in compose.volumes ? [] : [source];
    }),
  );
});

test('no secret has a value in the file', () => {
  check('Whoever reads the repository would have it:', ({ environment = {} }) =>
    Object.entries(environment).flatMap(([name, value]) =>
      /(PASSWORD|PWD|SECRET|ACCESS_KEY)/.test(name) && !name.endsWith('_FILE') && !/^\$\{[A-Z0-9_]+(:\?[^}]+)?\}$/.test(String(value))
        ? [name]
        : [],
    ),
  );
});

test('our processes get every setting that makes sense in a container', () => {
  // The embedded stack's own, transport security that these servers do not speak, paths inside the image, and the role that
  // deploy/postgres/create-roles.sh makes.
  const elsewhere =
    /^(PINFLOW_HOME|XDG_CACHE_HOME|WORKER_ROLES|S3_PATH_STYLE|KAFKA_(SASL_MECHANISM|USERNAME|PASSWORD)|[A-Z3]+_TLS(_\w+)?|TEMPORAL_API_KEY|POSTGRES_READER(_PASSWORD)?|PINFLOW_\w+_PORT)$/;
  const known = Object.values(settings).map((setting) => setting.env as string);
  const files = Object.values<Setting>(settings).flatMap((setting) => fileVariableOf(setting) ?? []);
  for (const [name, { environment = {} }] of ours) {
    const given = Object.keys(environment);
    assertNone(
      known.filter((env) => !elsewhere.test(env) && !given.includes(env)),
      `A setting in .env would be ignored by ${name}; add it to x-settings:`,
    );
    assertNone(
      given.filter((env) => !known.includes(env) && !files.includes(env)),
      `${name} is given what adapters/settings/ does not know:`,
    );
  }
});

test('a secret that .env may give may also lie in a file', () => {
  const head = textOf('.env.example').split('\n\n', 1)[0] ?? '';
  for (const [name, { environment = {}, volumes = [] }] of ours) {
    const optional = Object.values<Setting>(settings).filter(({ env, secret }) => secret === true && environment[env] === `\${${env}:-}`);
    assert.notEqual(optional.length, 0);
    assertNone(
      optional.filter(({ env }) => environment[`${env}_FILE`] !== `\${${env}_FILE:-}`).map(({ env }) => `${env}_FILE`),
      `A file that .env names would be ignored by ${name} without a word; add it to x-settings:`,
    );
    assertNone(
      optional.filter(({ env }) => !head.includes(`${env}_FILE`)).map(({ env }) => `${env}_FILE`),
      'The head of .env.example says which secrets docker compose takes from files (deploy/generate-settings.ts):',
    );
    assert.ok(volumes.includes('./deploy/secrets:/etc/pinflow/secrets:ro'), `${name} sees no file that .env names.`);
  }
});

test('our processes exist, one worker a role', () => {
  const scripts = ours.map(([, service]) => (service.command as string[]).at(-1) ?? '');
  assertNone(
    scripts.filter((script) => !existsSync(join(root, script))),
    'The container would end at once:',
  );
  const roles = ours.flatMap(([, { environment }]) => environment?.['WORKER_ROLES'] ?? []) as string[];
  assert.deepEqual(roles.toSorted(), ['batch', 'control', 'landing', 'stream'], 'Every queue is served by one kind of worker.');
});

test('Temporal is set up as the embedded one is', () => {
  const script = textOf('deploy/temporal/create-namespace.sh');
  const created = Object.fromEntries([...script.matchAll(/^attribute (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]));
  assert.deepEqual(
    created,
    { ...searchAttributes },
    'deploy/temporal/create-namespace.sh creates the search attributes of domain/names.ts.',
  );
  const values = parse(textOf('deploy/temporal/dynamic-config.yaml')) as Record<string, [{ value: unknown }]>;
  const embedded = textOf('stack/servers/temporal.ts');
  const tuned = Object.fromEntries(
    [...embedded.matchAll(/^\s*'((?:system|history|matching|frontend)\.\w+)': (\w+),$/gm)].map(([, name, value]) => [name, value]),
  );
  assert.deepEqual(
    Object.fromEntries(Object.entries(values).map(([name, [{ value }]]) => [name, String(value)])),
    tuned,
    'Both servers run with the same dynamic configuration.',
  );
});
